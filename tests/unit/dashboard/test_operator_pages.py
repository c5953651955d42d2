"""What operators look at: rejects and what to do with them, health, probes and metrics; and what words mean."""

from contextlib import AbstractContextManager

import pytest
from sqlalchemy import update

from analytics.questions.registry import QUESTIONS
from dashboard import metric_names
from eventlog.base import EventLog, LogAwayError
from eventlog.rejects import Parked, park, parked
from learning.events import encode
from learning.policy import shipped_policies
from learning.policy_texts import steps_in_words
from learning.signals import SIGNALS
from registry import audit
from registry.schema import audit as audit_table
from tests.builders import at, completed
from tests.dashboard_kit import NOW, Site, course

SCRIPT = b'{"id": "<script>alert(1)</script>", "broken": \xff'


def put_aside(site: Site, original: bytes = SCRIPT, reason: str = "not a fact: no JSON") -> Parked:
    """A reject that waits."""
    reject = Parked(origin="other.jsonl:7", reason=reason, original=original, at=NOW)
    park(site.log, [reject])
    return reject


def noted(site: Site, action: str) -> list[str | None]:
    """What the audit trail has of an action, the last first."""
    with site.registry.reading() as connection:
        return [each.thing for each in audit.entries(connection) if each.action == action]


def test_rejects_are_listed_with_why(site: Site) -> None:
    """Each has where it came from, the reason and a link."""
    reject = put_aside(site)

    page = site.browser("read-only").get("/rejects").text

    assert "other.jsonl:7" in page
    assert "not a fact: no JSON" in page
    assert f'href="/rejects/{reject.id}"' in page
    assert "Showing 1 to 1 of 1 rejects" in page


def test_rejects_come_page_by_page(site: Site) -> None:
    """A long list is shown in parts, and a page that is not there any more is the last one."""
    for number in range(51):
        put_aside(site, b"%d" % number)
    browser = site.browser()

    assert "Showing 1 to 50 of 51 rejects" in browser.get("/rejects").text
    assert "Showing 51 to 51 of 51 rejects" in browser.get("/rejects?page=2").text
    assert "Showing 51 to 51 of 51 rejects" in browser.get("/rejects?page=9").text


def test_no_rejects_is_good_news(site: Site) -> None:
    """An empty list says why it is empty."""
    assert "everything that was sent could be understood" in site.browser().get("/rejects").text


def test_an_original_is_shown_as_text(site: Site) -> None:
    """What was sent is never run, and bytes that are no text are written as escapes."""
    reject = put_aside(site)

    page = site.browser().get(f"/rejects/{reject.id}").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\\xff" in page


def test_a_reject_that_nobody_knows_is_not_there(site: Site) -> None:
    """Somebody may have settled it meanwhile."""
    found = site.browser().get("/rejects/0123456789ab")

    assert found.status_code == 404
    assert "somebody may have settled it" in found.text


def test_a_reject_that_can_be_read_now_is_settled(site: Site) -> None:
    """Tried again after its cause was mended, its fact goes on the log; that is noted."""
    fact = completed("module-8", at(41), subject="e-1", partitionkey="p-1")
    reject = put_aside(site, encode(fact))
    before = sum(site.log.end_offsets("learning-events").values())

    answer = site.browser().submit(f"/rejects/{reject.id}/retry")

    assert answer.headers["location"] == "/rejects?done=reject-settled"
    assert parked(site.log) == {}
    assert sum(site.log.end_offsets("learning-events").values()) == before + 1
    assert noted(site, "reject-retried") == [f"reject:{reject.id}"]


def test_a_reject_that_cannot_be_read_still_waits(site: Site) -> None:
    """The page says why, and nothing is noted as done."""
    reject = put_aside(site)

    answer = site.browser().submit(f"/rejects/{reject.id}/retry")

    assert answer.status_code == 409
    assert "It still waits: not a fact" in answer.text
    assert list(parked(site.log)) == [reject.id]
    assert noted(site, "reject-retried") == []


def test_a_fact_that_the_projections_have_passed_waits_for_the_command(site: Site) -> None:
    """A page cannot make the projections anew, so it says what can, and the reject waits."""
    reject = put_aside(site, encode(site.facts[0]))

    answer = site.browser().submit(f"/rejects/{reject.id}/retry")

    assert "engagement rejects retry" in answer.text
    assert list(parked(site.log)) == [reject.id]


def test_a_reject_can_be_dismissed(site: Site) -> None:
    """It waits no longer, and who dismissed it is noted."""
    reject = put_aside(site)

    answer = site.browser().submit(f"/rejects/{reject.id}/dismiss")

    assert answer.headers["location"] == "/rejects?done=reject-dismissed"
    assert parked(site.log) == {}
    assert noted(site, "reject-dismissed") == [f"reject:{reject.id}"]


@pytest.mark.parametrize("what", ["retry", "dismiss"])
def test_only_staff_settle_rejects(site: Site, what: str) -> None:
    """Who may only look has no buttons, and is refused."""
    reject = put_aside(site)
    reader = site.browser("read-only")

    assert "/dismiss" not in reader.get(f"/rejects/{reject.id}").text
    assert reader.submit(f"/rejects/{reject.id}/{what}").status_code == 403
    assert list(parked(site.log)) == [reject.id]


def test_health_shows_every_partition(site: Site) -> None:
    """Facts on the log that are not processed yet are counted where they stand."""
    site.publish(completed("module-8", at(41), subject="e-1", partitionkey="p-1"))

    page = site.browser().get("/health").text

    assert page.count("2026-11</td>") == 3
    assert '<span class="app-stats__figure">1</span> <span class="app-stats__label">records behind' in page
    assert "Catching up" in page
    assert "There is no lake yet" in page


def test_health_shows_the_rules_in_use(site: Site) -> None:
    """The version of the policy in force, and every programme that somebody is on."""
    page = site.browser().get("/health").text

    assert "In force" in page
    assert "small/course" in page
    assert "A small course" in page


def test_the_audit_trail_is_checked_on_demand(site: Site) -> None:
    """Staff are told that it holds, with how many entries it has."""
    browser = site.browser()

    assert "The audit trail holds: 1 entry." in browser.submit("/health/audit").text


def test_a_changed_audit_trail_is_found(site: Site) -> None:
    """An entry that somebody changed is named."""
    browser = site.browser()
    with site.registry.writing() as connection:
        connection.execute(update(audit_table).values(account="somebody-else"))

    page = browser.submit("/health/audit").text

    assert "The audit trail does not hold: entry 1 of the audit trail was changed" in page


@pytest.mark.parametrize("path", ["/rejects", "/health", "/metrics"])
def test_partners_do_not_see_the_machine(site: Site, path: str) -> None:
    """These pages are for accounts that see all delivery partners."""
    assert site.browser("partner", "partner-0").get(path).status_code == 403


def test_a_process_that_answers_is_alive(empty: Site) -> None:
    """Even where nothing was ever processed, and to whoever asks."""
    found = empty.stranger().get("/healthz")

    assert (found.status_code, found.json()) == (200, {"status": "ok"})


def test_a_dashboard_with_all_its_parts_is_ready(site: Site) -> None:
    """Pages can be shown."""
    found = site.stranger().get("/readyz")

    assert found.status_code == 200
    assert found.json() == {"status": "ok", "projections": "ok", "log": "ok", "registry": "ok"}


def test_a_dashboard_without_projections_is_not_ready(empty: Site) -> None:
    """It says which part is missing, and nothing else."""
    found = empty.stranger().get("/readyz")

    assert found.status_code == 503
    assert found.json() == {"status": "away", "projections": "away", "log": "ok", "registry": "ok"}


def test_a_dashboard_whose_log_is_away_is_not_ready(site: Site) -> None:
    """Then nothing can be noted either."""

    def away() -> AbstractContextManager[EventLog]:
        raise LogAwayError("the broker at secret-host does not answer")

    site.app.state.parts = site.parts._replace(log=away)

    found = site.stranger().get("/readyz")

    assert (found.status_code, found.json()["log"]) == (503, "away")
    assert "secret-host" not in found.text


def test_metrics_count_requests_by_route(site: Site) -> None:
    """A label has the route as the program has it, never the ids of an address."""
    browser, program = site.browser(), site.program("read-only")
    browser.get("/partners/partner-0")
    browser.get("/partners/partner-1")
    browser.get("/nowhere/e-7")

    page = program.get("/metrics").text

    assert 'engagement_http_requests_total{method="GET",route="/partners/{partner:path}",status="200"} 2.0' in page
    assert 'engagement_http_requests_total{method="GET",route="none",status="404"} 1.0' in page
    assert 'engagement_http_request_duration_seconds_count{route="/partners/{partner:path}"} 2.0' in page
    assert "partner-0" not in page
    assert "e-7" not in page


def test_methods_that_somebody_makes_up_are_counted_together(site: Site) -> None:
    """Nobody can fill the memory with new labels."""
    browser = site.browser()
    for number in range(3):
        browser.request(f"GRAB{number}", "/health")

    page = site.program().get("/metrics").text

    assert "GRAB" not in page
    assert 'method="other"' in page


def test_metrics_tell_the_lag(site: Site) -> None:
    """It is what pages show, and is not there before anything was processed."""
    assert 'engagement_dashboard_lag_records{topic="learning-events"} 0.0' in site.program().get("/metrics").text


def test_metrics_without_projections_have_no_lag(empty: Site) -> None:
    """Nothing that is not known is shown as 0."""
    page = empty.program().get("/metrics")

    assert page.status_code == 200
    assert "engagement_dashboard_lag_records{" not in page.text


def test_metrics_are_for_nobody_without_a_key(site: Site) -> None:
    """Not even from this machine: behind a web server on it, everybody would come from there."""
    assert site.stranger().get("/metrics", follow_redirects=False).status_code == 303


def test_every_metric_is_declared(site: Site) -> None:
    """The page of the reference, which is made of the declarations, leaves none out."""
    page = site.program().get("/metrics").text
    shown = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE engagement_")}
    names = {each.name for each in metric_names.METRICS}

    assert {name for name in shown if not name.endswith("_created")} == names


def test_definitions_have_every_signal_with_its_points(site: Site) -> None:
    """What is measured and from which figure on it counts, by the policy in force."""
    page = site.browser("partner", "partner-0").get("/definitions").text

    for signal in SIGNALS.values():
        assert signal.title in page
    assert "policy 2026-11" in page
    steps = steps_in_words("silent", shipped_policies().versions[0].default.signals["silent"])
    assert steps is not None
    assert steps in page


def test_definitions_before_a_first_day_name_the_signals(empty: Site) -> None:
    """Without a day there is no policy in force, and the page says so."""
    page = empty.publish(*course(1)).fold().browser().get("/definitions").text

    assert "No day has started yet, so no policy is in force." in page
    assert SIGNALS["silent"].title in page


@pytest.mark.parametrize("question", ["completion-curve", "survival", "partners", "milestones"])
def test_definitions_have_every_figure_of_a_chart(site: Site, question: str) -> None:
    """Each column of an answer stands there with its meaning."""
    page = site.browser().get("/definitions").text

    assert QUESTIONS[question].purpose.replace("'", "&#39;") in page


def test_the_accessibility_statement_is_for_everybody(empty: Site) -> None:
    """Also who has not signed in can read how to get what does not work for them."""
    found = empty.stranger().get("/accessibility")

    assert found.status_code == 200
    assert "version 2.2, level AA" in found.text
