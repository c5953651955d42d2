"""What was told about alerts before: whom not to tell again, and since when nobody has answered."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from alerting.book import Telling
from alerting.model import Alert, Step
from alerting.raising import HIGHEST


class History:
    """What was told about each alert while it was its present partner's."""

    def __init__(self, tellings: Iterable[Telling], *, dry: bool) -> None:
        """Keep what was told; `dry` says whether what was only composed is followed up, as a dry run does."""
        self._dry = dry
        self._tellings: defaultdict[tuple[str, str], list[Telling]] = defaultdict(list)
        for each in tellings:
            self._tellings[each.alert, each.partner].append(each)

    def told(self, alert: Alert, *steps: Step) -> Sequence[Telling]:
        """What was told in these steps and arrived, or is on its way."""
        return [each for each in self._of(alert) if each.step in steps and (self._dry or not each.dry)]

    def was_told(self, alert: Alert, receiver: str, step: Step) -> bool:
        """Whether a receiver was told of an alert in a step, or would have been in a dry run.

        Of what was critical first or has become so, a first message counts only if it said so.
        """
        return any(each.receiver == receiver and each.step == step and _says(each, alert) for each in self._of(alert))

    def is_admitted(self, alert: Alert) -> bool:
        """Whether anybody was told of it first, as what it is now, so that the budget has paid for it."""
        return any(each.step == "first" and _says(each, alert) for each in self._of(alert))

    def only_dry(self, alert: Alert) -> bool:
        """Whether all that was told of it was only composed, while what is told now is sent."""
        return bool(self._of(alert)) and not self._dry and all(each.dry for each in self._of(alert))

    def _of(self, alert: Alert) -> Sequence[Telling]:
        return self._tellings.get((alert.id, alert.partner), ())


def _says(telling: Telling, alert: Alert) -> bool:
    return telling.step != "first" or alert.level != HIGHEST or telling.level == HIGHEST
