"""What everyone may ask: metrics and probes, and nothing else."""

import pytest

from cti.watch.check import Check


async def test_the_loop_turns(http):
    assert await http.probe("/healthz") == (200, "text/plain; charset=utf-8", "ok\n")


async def test_ready_says_what_is_missing(router, http):
    status, _, text = await http.probe("/readyz")
    assert status == 200
    router.checks.append(Check("a1", ok=False, detail="no link"))
    status, _, text = await http.probe("/readyz")
    assert status == 503
    assert "no link" in text


async def test_metrics_are_in_the_form_that_was_asked_for(router, http):
    router.arrives("c1")
    status, media_type, text = await http.probe("/metrics")
    assert (status, media_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'cti_waiting_calls{queue="loans"} 1.0' in text
    status, media_type, text = await http.probe(
        "/metrics", Accept="application/openmetrics-text; version=1.0.0"
    )
    assert (status, media_type.split(";")[0]) == (200, "application/openmetrics-text")
    assert text.endswith("# EOF\n")


@pytest.mark.parametrize("path", ["/v1/status", "/v1/agents/8001/log-on", "/", "/metrics/x"])
async def test_nothing_of_the_control_interface_is_there(router, http, path):
    for method in ("GET", "POST"):
        status, _, _ = await http.probe(path, method)
        assert status == 404
    assert router.events == []


async def test_nothing_can_be_posted(http):
    assert (await http.probe("/metrics", "POST"))[0] == 405
