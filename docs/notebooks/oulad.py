"""A worked analysis of the Open University's data set as a marimo notebook: from completion to survival curves."""
# ruff: noqa: ANN001, ANN202, B018, PLR1711 - as marimo writes cells: without types, ending with what they show
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import marimo

__generated_with = "0.25.2"
app = marimo.App(
    width="medium",
    app_title="OULAD, from completion to survival curves",
)

with app.setup:
    from datetime import date

    import marimo as mo

    import analytics
    from analytics.answer import Answer
    from analytics.charts import draw
    from analytics.filters import Filters
    from analytics.questions.completion_curve import completion_curve
    from analytics.questions.partners import partners
    from analytics.questions.retention import retention
    from analytics.questions.survival import survival


@app.cell(hide_code=True)
def _():
    mo.md("""
    # OULAD, from completion to survival curves

    Learners of the Open University, imported as enrolments (see *How to import OULAD*). Each presentation of a
    module is a programme here, such as `oulad/bbb-2013b`, and each module is a delivery partner. The notebook
    reads the lake of the data folder that `ENGAGEMENT_DATA_DIR` names (by default `data`), which a worker may go
    on writing. It shows the lake as it was when `analytics.connect()` ran: run that cell again to see what came
    since.

    Data: Kuzilek, Hlosta, Zdrahal, *Scientific Data* 4:170171 (2017), doi 10.1038/sdata.2017.171, CC BY 4.0.
    """)
    return


@app.cell
def _():
    # What is compared. Put your own programmes here.
    first, second = "oulad/bbb-2013b", "oulad/bbb-2013j"
    return first, second


@app.cell
def _():
    # Measured as this day begins, at the end of the second presentation; later nothing is known of who went on.
    connection = analytics.connect(as_of=date(2014, 6, 1))
    return (connection,)


@app.function
def shown(answer: Answer) -> mo.Html:
    """The answer to a question as people read it: finding, chart, table, and what to know about it."""
    chart = [] if answer.chart is None else [mo.image(draw(answer, "png"), alt=answer.finding)]
    table = mo.ui.table(answer.frame, selection=None, page_size=8)
    notes = mo.accordion({"What to know about it": mo.md("\n".join(f"- {note}" for note in answer.notes))})
    return mo.vstack([mo.md(f"**{answer.finding}**"), *chart, table, notes])


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## How far do they get?

    A question is a function that takes the connection and filters, and answers with a finding, a pandas frame, the
    meaning of each column, notes and a chart. The curve has each learner at the end of the study weeks of their own
    plan. Those who left are not in the mean of those still studying, so it climbs when weak learners leave: the
    line below it keeps everybody.
    """)
    return


@app.cell
def _(connection, first):
    curve = completion_curve(connection, Filters(programme=first))
    shown(curve)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## How long do they stay?

    A survival curve follows each learner for as long as something is known of them (Kaplan and Meier). The band
    says how far chance alone may have moved the curve. The log-rank test compares whole curves; it says whether two
    presentations differ, not why.
    """)
    return


@app.cell
def _(connection, first, second):
    stay = survival(connection, by="programme", compare=(first, second))
    shown(stay)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Who is retained?

    The same people by several measures, each with its numerator and denominator. Choose the measure before you see
    the figures: the denominators differ most in who never began.
    """)
    return


@app.cell
def _(connection, first):
    kept = retention(connection, Filters(programme=first))
    shown(kept)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Do the modules differ by more than chance?

    In a table of rates the smallest groups stand at both ends, because few people make extreme rates. The funnel
    shows how far chance goes for each size. All presentations of one time are taken, so that all are at the same
    stage.
    """)
    return


@app.cell
def _(connection):
    modules = partners(connection, Filters(intake="2013J"))
    shown(modules)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Your own question

    Any SELECT over the models gives a pandas frame. Name the tables to `analytics.need` first: it works them out
    once and keeps them. This one asks whether those who handed something in early withdraw less. It compares
    only learners who were still there after 28 days, for nobody who left sooner had the same chance.
    """)
    return


@app.cell
def _(connection):
    analytics.need(connection, "dim_enrolment", "dim_plan", "fact_component")
    early = connection.execute(
        """
        WITH learner AS (
            SELECT e.enrolment_no, e.programme, e.status = 'withdrawn' AS withdrew,
                coalesce(bool_or(c.first_done_at < start_of(p.starts_on + 28)), FALSE) AS handed_in_early
            FROM dim_enrolment AS e
            JOIN dim_plan AS p USING (programme, intake)
            LEFT JOIN fact_component AS c ON c.enrolment_no = e.enrolment_no AND c.last_word <> 'banked'
            WHERE e.enrolled_on <= p.starts_on
                AND (e.status <> 'withdrawn' OR e.status_since >= p.starts_on + 28)
            GROUP BY ALL
        )
        SELECT programme, handed_in_early, count(*) AS learners, avg(withdrew::INTEGER) AS withdrawn_later
        FROM learner
        GROUP BY ALL
        ORDER BY ALL
        """
    ).df()
    early
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Before you pass figures on

    What you see here shows groups of every size. To write a table for others, use `export` of `analytics.exports`:
    it hides groups below 5, also against subtracting. Rows of your own SQL are not hidden; see *How to ask with
    SQL*.
    """)
    return


if __name__ == "__main__":
    app.run()
