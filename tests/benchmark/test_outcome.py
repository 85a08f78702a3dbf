from __future__ import annotations

from mmemo.benchmark.outcome import Check, Outcome


def test_a_missed_figure_is_said_plainly() -> None:
    fast, late, fat = Check("speed", 3, 3.0), Check("speed", 3, 2.9), Check("memory", 1500, 1547, at_most=True)
    assert (fast.met, late.met, fat.met) == (True, False, False)
    assert "MISSED" in late.line()
    assert "at most" in fat.line()
    assert "MISSED" not in fast.line()


def test_the_contract_holds_rows_settings_and_checks() -> None:
    outcome = Outcome("cut", [{"name": "a", "times": 2.0}], {"quick": True}, [Check("times", 1, 2.0)])
    assert outcome.to_contract() == {
        "benchmark": "cut",
        "rows": [{"name": "a", "times": 2.0}],
        "settings": {"quick": True},
        "checks": [{"what": "times", "asked": 1, "at_most": False, "measured": 2.0, "met": True}],
    }
