"""Record how a reply appears on a chat page, and assert that it streamed."""

from streamcheck.assertions import (
    assert_cursor_until_end,
    assert_first_growth_within,
    assert_grew_in_steps,
    assert_input_disabled_until_end,
    assert_never_showed,
    assert_never_shrank,
    assert_no_gap_longer_than,
)
from streamcheck.recording import Recording, record
from streamcheck.timeline import Growth, Sample, Timeline

__all__ = [
    "Growth",
    "Recording",
    "Sample",
    "Timeline",
    "assert_cursor_until_end",
    "assert_first_growth_within",
    "assert_grew_in_steps",
    "assert_input_disabled_until_end",
    "assert_never_showed",
    "assert_never_shrank",
    "assert_no_gap_longer_than",
    "record",
]
