"""Which planes a file holds, and which of them the settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from samhq.errors import ImageReadError
from samhq.images.readers.model import PlaneAt, Scene, planes_of
from samhq.images.tiff_pages import TiffPlan
from samhq.settings import ImageSettings

__all__ = ["FilePlanes", "checked_page", "chosen_pages", "planes_of_tiff", "shown_page"]

_FLAGS = {
    "scene": "--scene",
    "channel": "--channel-measured",
    "z": "--z-slice",
    "t": "--time-point",
}
_NOUNS = {
    "scene": ("scene", "scenes"),
    "channel": ("channel", "channels"),
    "z": ("z slice", "z slices"),
    "t": ("time point", "time points"),
}
_MOST_NAMES = 8


@dataclass(frozen=True)
class FilePlanes:
    """The planes of a file in the order of its pages.

    count: how many. places: where each lies; empty where the file says nothing of channels, slices or time. channels:
    names of the channels of each scene, "" where there is none. scenes: their names.
    """

    count: int
    places: tuple[PlaneAt, ...] = ()
    scenes: tuple[str, ...] = ()
    channels: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of_scenes(cls, scenes: tuple[Scene, ...]) -> FilePlanes:
        """Those of a file that a reader opened."""
        places = planes_of(scenes)
        return cls(
            count=len(places),
            places=places,
            scenes=tuple(scene.name for scene in scenes),
            channels=tuple(scene.channels for scene in scenes),
        )

    @cached_property
    def _numbers(self) -> dict[PlaneAt, int]:
        return {at: number for number, at in enumerate(self.places, start=1)}

    def page(self, at: PlaneAt) -> int | None:
        """Page of a place, counted from 1; None where there is no such plane."""
        return self._numbers.get(at)

    def first_page(self, settings: ImageSettings, name: str) -> int:
        """The first page that the settings ask for, and page 1 where they ask for none that is there."""
        try:
            return chosen_pages(self, settings, name)[0]
        except ImageReadError:
            return 1

    def channel_number(self, scene: int, text: str) -> int | None:
        """A channel by its name or its number counted from 1, as a number from 0.

        A name comes before a number; "#2" is a number whatever the names are. None where there is none, and where
        several have the name.
        """
        plain = text.strip().casefold()
        called = self._called(scene, text)
        if len(called) == 1:
            return called[0]
        digits = plain.removeprefix("#")
        number = int(digits) - 1 if digits.isdecimal() else -1
        return number if 0 <= number < len(self.channels[scene]) else None

    def channel_text(self, scene: int, channel: int) -> str:
        """What channel_number takes for a channel, counted from 0."""
        number = str(channel + 1)  # may be the name of another one
        return number if self.channel_number(scene, number) == channel else f"#{number}"

    def shares_name(self, scene: int, text: str) -> bool:
        """Whether several channels have a name."""
        return len(self._called(scene, text)) > 1

    def _called(self, scene: int, text: str) -> list[int]:
        plain = text.strip().casefold()
        return [
            n for n, name in enumerate(self.channels[scene]) if plain and name.strip().casefold() == plain
        ]

    def channel_words(self, scene: int) -> str:
        """The channels of a scene as a user may name them."""
        names = [name or str(number) for number, name in enumerate(self.channels[scene], start=1)]
        more = ", …" if len(names) > _MOST_NAMES else ""
        return ", ".join(names[:_MOST_NAMES]) + more


def planes_of_tiff(plan: TiffPlan) -> FilePlanes:
    """The planes of a TIFF; with places where OME or ImageJ tell them."""
    places = tuple(plane.at for plane in plan.planes if plane.at is not None)
    if len(places) < len(plan.planes):
        return FilePlanes(count=len(plan.planes))
    numbers = range(1 + max(at.scene for at in places))
    lengths = [1 + max((at.channel for at in places if at.scene == s), default=0) for s in numbers]
    named = [plan.scenes[s] if s < len(plan.scenes) else ("", ()) for s in numbers]
    return FilePlanes(
        count=len(places),
        places=places,
        scenes=tuple(name for name, _ in named),
        channels=tuple(
            tuple((*names, *([""] * length))[:length])
            for (_, names), length in zip(named, lengths, strict=True)
        ),
    )


def chosen_pages(planes: FilePlanes, settings: ImageSettings, name: str) -> tuple[int, ...]:
    """Pages, counted from 1, that the settings ask for; in order, never empty.

    Raises ImageReadError where a page, scene, channel, slice or time point is not there, and where nobody
    said which of several is meant.
    """
    if settings.page == "all":
        return tuple(range(1, planes.count + 1))
    if settings.page is not None:
        return (checked_page(planes, settings.page, name),)
    if not planes.places:
        return _plain_page(planes, settings, name)
    wanted = _Wanted(planes, settings, name)
    chosen = tuple(n for n, at in enumerate(planes.places, start=1) if wanted.takes(at))
    if not chosen:
        raise ImageReadError(f"{name}: has no plane with all that was chosen; choose others")
    return chosen


def checked_page(planes: FilePlanes, page: int, name: str) -> int:
    """A page of the file. Raises ImageReadError where there is none of this number."""
    if not 1 <= page <= planes.count:
        there = "1 page" if planes.count == 1 else f"{planes.count} pages"
        raise ImageReadError(f"{name}: has {there}, so there is no page {page}; choose a page that exists")
    return page


def shown_page(planes: FilePlanes, settings: ImageSettings, *, page: int, name: str) -> int:
    """Page of the channel that the network sees where another one is measured, else the page itself."""
    if settings.channel_shown is None:
        return page
    if not planes.places:
        if settings.channel_shown.strip() == "1" and planes.count == 1:
            return page
        raise _no_channel(planes, 0, settings.channel_shown, name)
    at = planes.places[page - 1]
    channel = planes.channel_number(at.scene, settings.channel_shown)
    if channel is None:
        raise _no_channel(planes, at.scene, settings.channel_shown, name)
    found = planes.page(PlaneAt(at.scene, channel, at.z, at.t))
    if found is None:
        raise ImageReadError(
            f"{name}: channel {settings.channel_shown} has no plane at {at.tag}; choose another for --channel-shown"
        )
    return found


def _plain_page(planes: FilePlanes, settings: ImageSettings, name: str) -> tuple[int, ...]:
    """The only page of a file without places, of which every axis has one entry."""
    if planes.count > 1:
        if settings.chooses_places:
            raise ImageReadError(
                f"{name}: does not say which of its {planes.count} pages is which channel, slice or time point; choose "
                "with --page N or --page all"
            )
        raise ImageReadError(f"{name}: {planes.count} pages; choose one with --page N or --page all")
    for axis, value in (("scene", settings.scene), ("z", settings.z_slice), ("t", settings.time_point)):
        if value not in (None, 1, "all"):
            raise _no_entry(axis, value, 1, name)
    channel = settings.channel_measured
    if channel is not None and channel.strip() not in ("1", "all"):
        raise _no_channel(planes, 0, channel, name)
    return (1,)


class _Wanted:
    """What the settings ask for, checked against what a file holds."""

    def __init__(self, planes: FilePlanes, settings: ImageSettings, name: str) -> None:
        self._planes = planes
        self._settings = settings
        self._scene = self._axis("scene", settings.scene, planes.places, name)
        within = [at for at in planes.places if self._scene in (None, at.scene)]
        self._z = self._axis("z", settings.z_slice, within, name)
        self._t = self._axis("t", settings.time_point, within, name)
        self._channels = self._measured(within, name)
        self._refuse_open_questions(within, name)

    def takes(self, at: PlaneAt) -> bool:
        """Whether a plane is asked for."""
        return (
            self._scene in (None, at.scene)
            and self._z in (None, at.z)
            and self._t in (None, at.t)
            and self._channels.get(at.scene) in (None, at.channel)
        )

    @staticmethod
    def _axis(axis: str, value: int | str | None, places: Iterable[PlaneAt], name: str) -> int | None:
        if not isinstance(value, int):
            return None
        there = {getattr(at, axis) for at in places}
        if value - 1 not in there:
            raise _no_entry(axis, value, len(there), name)
        return value - 1

    def _measured(self, within: list[PlaneAt], name: str) -> dict[int, int]:
        """The channel of each scene; nothing where all are taken."""
        text = self._settings.channel_measured
        if text is None or text.strip().casefold() == "all":
            return {}
        scenes = sorted({at.scene for at in within})
        found = {scene: self._planes.channel_number(scene, text) for scene in scenes}
        for scene, channel in found.items():
            if channel is None:
                raise _no_channel(self._planes, scene, text, name)
        return {scene: channel for scene, channel in found.items() if channel is not None}

    def _refuse_open_questions(self, within: list[PlaneAt], name: str) -> None:
        values: dict[str, Callable[[PlaneAt], int]] = {
            "scene": lambda at: at.scene,
            "channel": lambda at: at.channel,
            "z": lambda at: at.z,
            "t": lambda at: at.t,
        }
        given = {
            "scene": self._settings.scene,
            "channel": self._settings.channel_measured,
            "z": self._settings.z_slice,
            "t": self._settings.time_point,
        }
        counts = {axis: len({value(at) for at in within}) for axis, value in values.items()}
        asked = [axis for axis, count in counts.items() if count > 1 and given[axis] is None]
        if not asked:
            return
        parts = [f"{counts[axis]} {_NOUNS[axis][1]}" for axis in asked]
        if "channel" in asked and any(name for names in self._planes.channels for name in names):
            parts[asked.index("channel")] += f" ({self._planes.channel_words(within[0].scene)})"
        flags = " and ".join(f"{_FLAGS[axis]} N" for axis in asked)
        raise ImageReadError(f"{name}: {', '.join(parts)}; choose with {flags}, or all in place of N")


def _no_entry(axis: str, value: object, there: int, name: str) -> ImageReadError:
    noun = _NOUNS[axis][0] if there == 1 else _NOUNS[axis][1]
    return ImageReadError(
        f"{name}: has {there} {noun}, so there is no {_NOUNS[axis][0]} {value}; choose another for {_FLAGS[axis]}"
    )


def _no_channel(planes: FilePlanes, scene: int, text: str, name: str) -> ImageReadError:
    there = planes.channel_words(scene) if planes.channels else "1"
    if planes.channels and planes.shares_name(scene, text):
        count = len(planes.channels[scene])
        return ImageReadError(f"{name}: several channels are called {text}; give a number, 1 to {count}")
    return ImageReadError(f"{name}: has no channel {text}; it has {there}")
