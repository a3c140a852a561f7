from hypothesis import given
from hypothesis import strategies as st

from uplift.settings.windows import MINUTES_A_DAY, MINUTES_A_WEEK, Window

daily = st.builds(Window, st.integers(0, MINUTES_A_DAY - 1), st.integers(60, 600), st.just(MINUTES_A_DAY))
weekly = st.builds(Window, st.integers(0, MINUTES_A_WEEK - 1), st.integers(60, MINUTES_A_DAY), st.just(MINUTES_A_WEEK))


def _minutes_of_the_week(window: Window) -> set[int]:
    starts = range(window.start, window.start + MINUTES_A_WEEK, window.period)
    return {(start + minute) % MINUTES_A_WEEK for start in starts for minute in range(window.length)}


@given(daily, weekly)
def test_overlap_is_a_shared_minute(day: Window, week: Window) -> None:
    assert day.overlaps(week) is bool(_minutes_of_the_week(day) & _minutes_of_the_week(week))


def test_a_window_may_pass_midnight_and_the_end_of_the_week() -> None:
    assert Window.daily("23:30-00:30").length == 60
    assert Window.weekly("sun:23:00-mon:01:00").length == 120
