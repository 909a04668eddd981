"""The training loop: batches in, weights out, at any moment ready to be killed."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from samhq.errors import CheckpointError
from samhq.files import remove_file, write_text
from samhq.monitor import SILENT, Event, Monitor
from samhq.network.checkpoint import load_model
from samhq.network.devices import choose_device
from samhq.network.shortcuts import ALL
from samhq.training.batches import Batch, BatchMaker, ahead
from samhq.training.checkpoints import TrainingState, load_state, save_state
from samhq.training.forward import DenseHeads, Encoded, Losses, encode, forward
from samhq.training.history import judged_row, mean_row, sentence, started_row
from samhq.training.judge import judge, judged_batches
from samhq.training.looks import Watch
from samhq.training.places import checkpoint_path, history_path
from samhq.training.plan import Outcome, Plan
from samhq.training.team import Team, gathered

__all__ = ["train"]

_CLIP = 1.0
_MEANS_EVERY = 50  # steps of one row of the history, of short runs fewer
_LOOKS = 8  # at least, of a run with a time limit
_RISING = 0.2  # of the run, at most, in which the learning rate rises
OnRow = Callable[[Mapping[str, Any]], object]


def train(
    plan: Plan, *, monitor: Monitor = SILENT, keep_checkpoint: bool = False, on_row: OnRow | None = None
) -> Outcome:
    """Run a plan from its start, or from where its checkpoint is.

    on_row: given every row of the history, those of earlier starts as well.
    A stop by the monitor writes a checkpoint and raises Cancelled. Raises CheckpointError for files that cannot be
    used and for weights that are no numbers any more, ImageReadError for pictures.
    """
    size = plan.settings.processes
    run = _Run(plan, on_row=on_row)
    if size == 1:
        run.go(monitor)
    else:
        numbers = sum(p.numel() for p in run.trained)
        with gathered(size, numbers=numbers, work=_help, arguments=(plan,)) as team:
            run.team = team
            run.go(monitor)
    if keep_checkpoint:
        run.save()
    else:
        run.save_history()
        remove_file(checkpoint_path(plan.out))
    return run.outcome()


def _help(team: Team, plan: Plan) -> None:
    """What a process does that shares the work of another."""
    run = _Run(replace(plan, judged=(), watched=()))
    run.team = team
    run.go(SILENT)


class _Run:
    """The moving parts of a run. team: the processes that share its work."""

    def __init__(self, plan: Plan, *, on_row: OnRow | None = None) -> None:
        self.on_row = on_row
        self.team: Team | None = None
        self.plan, self.settings = plan, plan.settings
        torch.manual_seed(self.settings.seed)
        self.device = choose_device(self.settings.device)
        self.dtype = _precision(self.settings.precision, self.device)
        # Of the shortcuts only those that have a gradient and bear autocast.
        loaded = load_model(plan.start, device=self.device)
        self.model = loaded.model.use(ALL.only("folded_norms", "pad_late"))
        self.model.requires_grad_(True).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.whole = self.settings.part == "whole"
        self.model.image_encoder.requires_grad_(self.whole)
        self.heads = DenseHeads().to(self.device) if plan.dense else None
        self.trained = [p for m in self._modules() for p in m.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self._groups(), lr=0.0, betas=(0.9, 0.98), fused=self.device.type != "mps"
        )
        self.averaged = copy.deepcopy(self.model).requires_grad_(False)
        self.encoded: dict[int, Encoded] = {}
        self.judged = judged_batches(plan.judged, frame=self.model.image_size)
        self.watch = Watch(plan.watched, loaded.info) if plan.watched else None
        self.recent: list[Losses] = []
        self.state = self._restored() or self._state()

    def _modules(self) -> list[nn.Module]:
        return [self.model, *([self.heads] if self.heads is not None else [])]

    def _groups(self) -> list[dict[str, Any]]:
        """Matrices decay, everything else does not."""
        return [
            {"params": [p for p in self.trained if p.ndim > 1], "weight_decay": self.settings.weight_decay},
            {"params": [p for p in self.trained if p.ndim <= 1], "weight_decay": 0.0},
        ]

    def go(self, monitor: Monitor) -> None:
        """Train to the end."""
        saved = time.monotonic()
        started = saved - self.state.elapsed_s
        try:
            self._begin(monitor)
            looked = time.monotonic()
            for step, batch in self._batches():
                monitor.check()
                self._step(batch)
                rate = self.optimizer.param_groups[0]["lr"]
                self.state.step = step + 1
                if self._helps:
                    continue
                now = time.monotonic()
                self.state.elapsed_s = now - started
                self._report(monitor, rate)
                if self._is_due(step + 1, since_s=now - looked):
                    tired = self._look(monitor)
                    looked = time.monotonic()
                    if tired:
                        break
                if now - saved > 60 * self.settings.checkpoint_minutes:
                    self.save()
                    saved = now
                if self._progress(step + 1) >= 1:
                    break
        except BaseException:
            # Also when the user stops: what was trained is never lost.
            if not self._helps and self._is_sound():
                self.save()
            raise

    @property
    def _helps(self) -> bool:
        """Whether another process leads."""
        return self.team is not None and self.team.rank > 0

    def _begin(self, monitor: Monitor) -> None:
        """What comes before the first step of this start."""
        if self._helps:
            return
        for row in self.state.history:
            self._tell(row)
        seen = max((row["step"] for row in self.state.history if "judged" in row), default=-1)
        self._note(started_row(self.state))
        # The first one, or one that the last stop broke off.
        if seen < self.state.step and self._is_due(self.state.step, since_s=0):
            self._look(monitor)

    def _note(self, row: dict[str, Any]) -> None:
        self.state.history.append(row)
        self._tell(row)

    def _tell(self, row: Mapping[str, Any]) -> None:
        if self.on_row is not None:
            self.on_row(row)

    def _is_due(self, step: int, *, since_s: float) -> bool:
        """Whether it is time for a look. since_s: seconds since the last one."""
        if not self.judged:
            return False
        by_clock = 0 < 60 * self.settings.minutes <= _LOOKS * since_s
        return by_clock or step % self.settings.judge_every == 0 or self._progress(step) >= 1

    def _is_over(self) -> bool:
        """Whether a run that is gone on with had come to its end."""
        tired = bool(self.settings.patience) and self.state.stale >= self.settings.patience
        return tired or self._progress(self.state.step) >= 1

    def _batches(self) -> Iterator[tuple[int, Batch]]:
        maker = BatchMaker(
            self.plan.pictures,
            seed=self.settings.seed,
            frame=self.model.image_size,
            varied=self.plan.varied,
            crops=0 if self.whole else self.settings.crops,
            part=0 if self.team is None else self.team.rank,
        )
        parts = 1 if self.team is None else self.team.size

        def make(step: int) -> Batch:
            return maker.make(step, self.plan.view(step, self._progress(step)).shared(parts))

        stop = self.state.step if self._is_over() else self.settings.steps
        return ahead(make, start=self.state.step, stop=stop)

    def _progress(self, step: int) -> float:
        """From 0 to 1."""
        done = step / self.settings.steps
        if self.settings.minutes:
            done = max(done, self.state.elapsed_s / (60 * self.settings.minutes))
        return done

    def _rate(self, progress: float) -> float:
        rising = max((self.state.step + 1) / (self.settings.warmup + 1), progress / _RISING)
        falling = 0.5 + 0.5 * math.cos(math.pi * min(1.0, progress))
        return self.settings.learning_rate * min(1.0, rising) * max(falling, 0.002)

    def _step(self, batch: Batch) -> None:
        # A trained network keeps the means of its normalisations: so it computes as it will be used.
        self.model.train(self.plan.fresh and self._progress(self.state.step) < 0.6)
        with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32):
            losses = forward(
                self.model,
                self.heads,
                batch,
                encoded=self._encoded(batch),
                logit_scale=self.plan.logit_scale,
            )
        if not bool(torch.isfinite(losses.total)):
            raise CheckpointError(
                f"{self.plan.out}: training lost its way at step {self.state.step} (the loss is no number); "
                "start again with a lower learning rate"
            )
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        if self.team is not None:
            # Every batch has boxes and points, so every process has the same gradients missing.
            # They must also agree on the rate, which with a time limit follows the leader's clock.
            gradients = [p.grad for p in self.trained if p.grad is not None]
            self.state.elapsed_s = self.team.average(gradients, elapsed_s=self.state.elapsed_s)
        rate = self._rate(self._progress(self.state.step))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        nn.utils.clip_grad_norm_(self.trained, _CLIP)
        self.optimizer.step()
        if not self._helps:
            self._average()
            # Without the graph, which would hold the memory of the whole step.
            self.recent.append(replace(losses, total=losses.total.detach()))

    def _encoded(self, batch: Batch) -> Encoded:
        if self.whole:
            return encode(self.model, batch)
        missing = [i for i, key in enumerate(batch.keys) if key not in self.encoded]
        with torch.no_grad():
            if missing:
                found = encode(self.model, batch)
                for i in missing:
                    one = Encoded(found.embedding[i].to(self.dtype), found.early[i].to(self.dtype))
                    self.encoded[batch.keys[i]] = one
            parts = [self.encoded[key] for key in batch.keys]
            return Encoded(torch.stack([p.embedding for p in parts]), torch.stack([p.early for p in parts]))

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averaged weights towards the present ones."""
        n = self.state.step + 1
        pace = max(1 / self.settings.averaging, 1 / (1 + n / 4))
        ours, theirs = self.averaged.state_dict(), self.model.state_dict()
        names = [name for name, tensor in ours.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([ours[n] for n in names], [theirs[n] for n in names], pace)

    def _report(self, monitor: Monitor, rate: float) -> None:
        last = self.recent[-1]
        words = f"loss {float(last.total.detach()):.3f}, IoU {last.iou:.2f}"
        if self.watch is not None and self.watch.latest is not None:
            words += f", AP50 {self.watch.latest.ap50:.2f}"
        monitor.report(Event(stage="train", done=self.state.step, total=self._last_step(), item=words))
        if len(self.recent) >= min(_MEANS_EVERY, max(1, self._last_step() // 40)):
            self._note(mean_row(self.state, self.recent, rate=rate))
            self.recent.clear()

    def _last_step(self) -> int:
        """How many steps there will be in all; with a time limit an estimate from those so far."""
        progress = self._progress(self.state.step)
        return min(self.settings.steps, max(self.state.step, round(self.state.step / max(progress, 1e-9))))

    def _look(self, monitor: Monitor) -> bool:
        """Judge the averaged weights. True if patience is at an end."""
        found = judge(self.averaged, self.judged, dtype=self.dtype)
        precision = None
        if self.watch is not None and (self.watch.is_worth_it() or self._progress(self.state.step) >= 1):
            precision = self.watch.look(self.averaged, monitor=monitor)
        self._note(judged_row(self.state, found, precision))
        words = sentence(self.state, found, precision)
        monitor.report(Event(stage="train", done=self.state.step, total=self._last_step(), message=words))
        if found.total > self.state.best:
            self.state.best, self.state.stale = found.total, 0
            if self.settings.patience:
                self.state.best_weights = {k: v.clone() for k, v in self.averaged.state_dict().items()}
        else:
            self.state.stale += 1
        return bool(self.settings.patience) and self.state.stale >= self.settings.patience

    def _is_sound(self) -> bool:
        return all(bool(p.isfinite().all()) for p in self.trained)

    def _state(self) -> TrainingState:
        return TrainingState(self.plan.key, 0, 0.0, {}, {}, {}, {})

    def save(self) -> None:
        """Write the checkpoint and the history."""
        state = self.state
        state.weights, state.averaged = self.model.state_dict(), self.averaged.state_dict()
        state.heads = self.heads.state_dict() if self.heads is not None else {}
        state.optimizer = self.optimizer.state_dict()
        state.generator = torch.get_rng_state()
        save_state(checkpoint_path(self.plan.out), state)
        self.save_history()

    def save_history(self) -> None:
        """Write the rows of the curves."""
        write_text(history_path(self.plan.out), json.dumps(self.state.history, indent=1))

    def _restored(self) -> TrainingState | None:
        state = load_state(checkpoint_path(self.plan.out), key=self.plan.key)
        if state is None:
            return None
        self.model.load_state_dict(state.weights, strict=True)
        self.averaged.load_state_dict(state.averaged, strict=True)
        if self.heads is not None:
            self.heads.load_state_dict(state.heads, strict=True)
        self.optimizer.load_state_dict(state.optimizer)
        torch.set_rng_state(state.generator)
        return state

    def outcome(self) -> Outcome:
        """The weights to be kept."""
        best = self.state.best_weights if self.settings.patience else {}
        heads = self.heads.state_dict() if self.heads is not None else {}
        state = self.state
        weights = best or self.averaged.state_dict()
        return Outcome(weights, heads, state.history, state.step, state.elapsed_s)


def _precision(setting: str, device: torch.device) -> torch.dtype:
    if setting == "fp32" or device.type == "mps":
        return torch.float32
    if setting == "bf16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    ask = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return torch.bfloat16 if callable(ask) and ask() else torch.float32
