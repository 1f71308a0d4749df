"""Which model is in charge of each quantity on a site, which are on trial, and which are refused."""

from dataclasses import dataclass, replace
from datetime import datetime

from agent.domain.model_comparison import DayScore

FORMAT = 1
WATCHED = "the one in charge"
FACTORY = {"load_w": "consumption", "pv_w": "solar"}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model that was put in charge. ``fingerprint`` names its copy on the shelf; ``since`` is aware UTC."""

    name: str
    version: str
    fingerprint: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A model that is compared with the one in charge, whose fingerprint is ``against``; WATCHED for the one before.

    ``since`` is when it came (aware UTC). ``attempts`` counts starts that have not come to an end; ``said`` is the last
    verdict.
    """

    name: str
    version: str
    fingerprint: str
    against: str
    since: datetime
    attempts: int = 0
    said: str = ""
    days: tuple[DayScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A candidate that will not be tried (again) while its files are those of ``fingerprint``."""

    name: str
    fingerprint: str
    why: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who forecasts one quantity. ``champion`` None is the installed model, and so is ``previous``.

    ``watch`` compares the one in charge, once promoted, with the one before it.
    """

    quantity: str
    champion: Deployment | None = None
    previous: Deployment | None = None
    trials: tuple[Trial, ...] = ()
    watch: Trial | None = None

    def trial(self, name: str) -> Trial | None:
        return next((trial for trial in self.trials if trial.name == name), None)

    def with_trial(self, trial: Trial) -> "Assignment":
        """The same with ``trial`` in the place of that of the same name."""
        others = tuple(other for other in self.trials if other.name != trial.name)
        return replace(self, trials=(*others, trial))

    def promoted(self, seat: Deployment) -> "Assignment":
        """``seat`` in charge, watched against the one before it."""
        before = self.champion
        name, version, copy = (FACTORY[self.quantity], "", "") if before is None else _identity(before)
        watch = Trial(name, version, copy, WATCHED, seat.since)
        trials = tuple(trial for trial in self.trials if trial.name != seat.name)
        return Assignment(self.quantity, seat, before, trials, watch)

    def rolled_back(self) -> "Assignment":
        """The one before in charge again. Trials of others start again, since they were against another."""
        return Assignment(self.quantity, self.previous, None, self.trials)


@dataclass(frozen=True, slots=True)
class ModelRegistry:
    """All posts. A quantity without a post has its installed model in charge and no candidate."""

    format: int = FORMAT
    posts: tuple[Assignment, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def post(self, quantity: str) -> Assignment:
        return next((post for post in self.posts if post.quantity == quantity), Assignment(quantity))

    def with_post(self, post: Assignment) -> "ModelRegistry":
        others = tuple(other for other in self.posts if other.quantity != post.quantity)
        return replace(self, posts=tuple(sorted((*others, post), key=lambda post: post.quantity)))

    def refusal(self, name: str, fingerprint: str) -> Refusal | None:
        return next((old for old in self.refused if (old.name, old.fingerprint) == (name, fingerprint)), None)

    def with_refusal(self, refusal: Refusal) -> "ModelRegistry":
        """Noted, and the trial of that model ended."""
        others = tuple(old for old in self.refused if old.name != refusal.name)
        posts = tuple(
            replace(post, trials=tuple(t for t in post.trials if t.fingerprint != refusal.fingerprint))
            for post in self.posts
        )
        return replace(self, posts=posts, refused=(*others, refusal))

    def without_refusal(self, name: str) -> "ModelRegistry":
        return replace(self, refused=tuple(old for old in self.refused if old.name != name))

    def copies(self) -> set[str]:
        """The fingerprints of all models that must stay on the shelf."""
        seats = [seat for post in self.posts for seat in (post.champion, post.previous) if seat is not None]
        trials = [trial for post in self.posts for trial in post.trials]
        return {seat.fingerprint for seat in seats} | {trial.fingerprint for trial in trials}


def _identity(seat: Deployment) -> tuple[str, str, str]:
    return seat.name, seat.version, seat.fingerprint
