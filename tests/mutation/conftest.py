"""The line that the gate prints at the end of every run of pytest that it was part of."""

GATE = "mutation/test_gate.py::test_a_mutant_is_killed["


def pytest_terminal_summary(terminalreporter):
    def met(outcome):
        return sum(GATE in r.nodeid for r in terminalreporter.stats.get(outcome, []))

    killed, survived = met("passed"), met("failed")
    if killed or survived:
        terminalreporter.write_line(f"mutation gate: killed {killed} of {killed + survived}")
