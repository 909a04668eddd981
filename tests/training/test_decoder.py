"""The decoder of training gives the numbers of the network's own."""

from __future__ import annotations

import torch

from samhq.network.prompt_encoder import Prompts
from samhq.training.decoder import attend, draw, feature_rows

B, P, GRID = 2, 3, 32


def test_several_images_at_once_and_windows_give_what_the_network_gives(starter):
    model = starter.model
    decoder = model.mask_decoder
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        embedding, early = model.image_encoder(torch.randn(B, 3, 512, 512, generator=generator))
        points = torch.rand(B * P, 1, 2, generator=generator) * 512
        sparse, dense = model.prompt_encoder(
            Prompts(points=points, labels=torch.ones(B * P, 1, dtype=torch.int64))
        )
        positions = model.prompt_encoder.dense_positions()
        features = decoder.hq_features(embedding, early)
        seen = attend(
            decoder,
            sparse.reshape(B, P, 2, 256),
            image=(embedding + dense).flatten(2).transpose(1, 2),
            positions=positions.flatten(2).transpose(1, 2).expand(B, -1, -1),
        )
        images = torch.arange(B).repeat_interleave(P)
        whole = draw(
            decoder,
            seen,
            prompts=torch.arange(B * P),
            rows=torch.arange(GRID**2).expand(B * P, -1),
            images=images,
            features=feature_rows(features),
        )
        y, x, side = 5, 9, 12
        rows = (torch.arange(y, y + side)[:, None] * GRID + torch.arange(x, x + side)).flatten()
        window = draw(
            decoder,
            seen,
            prompts=torch.tensor([4]),
            rows=rows[None],
            images=images[4:5],
            features=feature_rows(features),
        )
        for i in range(B):
            mine = slice(i * P, (i + 1) * P)
            attended = decoder.attend(sparse[mine], image=embedding[i : i + 1] + dense, positions=positions)
            assert torch.allclose(attended.predicted_iou, seen.predicted_iou[mine], atol=1e-5)
            for token in range(4):
                logits = decoder.draw(
                    attended,
                    prompts=torch.arange(P),
                    tokens=torch.full((P,), token),
                    hq_features=features[i : i + 1],
                    hq_only=False,
                )
                assert (logits - whole[mine, token]).abs().max() < 1e-4 * logits.abs().max()
    # Two pixels at the rim of a window miss their neighbours.
    cut = whole[4, :, 4 * y + 2 : 4 * (y + side) - 2, 4 * x + 2 : 4 * (x + side) - 2]
    assert (window[0, :, 2:-2, 2:-2] - cut).abs().max() < 1e-4 * cut.abs().max()
