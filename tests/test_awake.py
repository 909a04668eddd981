"""Sleep is put off during a run and allowed again after it, whatever happens."""

from __future__ import annotations

import ctypes
import sys
from types import SimpleNamespace

import pytest

from samhq.awake import keep_awake


def test_windows_is_asked_and_released_even_after_an_error(monkeypatch):
    states = []
    kernel = SimpleNamespace(SetThreadExecutionState=states.append)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    with pytest.raises(RuntimeError), keep_awake():
        assert states == [0x80000001]
        raise RuntimeError
    assert states == [0x80000001, 0x80000000]


def test_other_systems_just_run():
    with keep_awake():
        pass
