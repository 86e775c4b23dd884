"""What may cross between core and Asterisk, and what a caller's number is."""

import pytest

from cti.gateway.border import address, is_channel, number_of, wish


@pytest.mark.parametrize(
    "number",
    [
        "", "unknown", "<unknown>", "Anonymous", "anonymous.invalid", "anonymousanonymous.invalid",
        "anonymous@anonymous.invalid", "Restricted", "UNAVAILABLE", "Not Available", "private",
        "withheld", "No Number", "no_number", "N/A", "P", "O", "s", "asterisk", "null", "0", "0000",
        "+", "-", "00000000000",
    ],
)  # fmt: skip
def test_a_withheld_number_is_no_number(number):
    assert number_of(number) == ""


@pytest.mark.parametrize(
    "number", ["13800138000", "+8613800138000", "8001", "110", "10000", "zhang_san", "unknown-1"]
)
def test_a_number_is_a_number(number):
    assert number_of(number) == number


def test_a_number_has_an_end():
    assert number_of("1" * 99) == "1" * 64


@pytest.mark.parametrize(
    "channel",
    ["PJSIP/电信-00000001", "PJSIP/China Telecom-00000001", "PJSIP/t&1-00000001",
     "PJSIP/x${Y}-00000001", "PJSIP/\r\nEvent: x-1", "", "x" * 200],
)  # fmt: skip
def test_a_channel_of_an_odd_name_answers_to_its_unique_id(channel):
    assert address(channel, "1795000000.7") == "1795000000.7"
    assert is_channel(address(channel, "1795000000.7"))


def test_a_channel_of_an_ordinary_name_answers_to_that():
    assert address("PJSIP/trunk-00000001", "1795000000.7") == "PJSIP/trunk-00000001"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("english%3E%3D3%20%26%20loans", "english>=3 & loans"),
        ("%E8%B4%B7%E6%AC%BE", "贷款"),
        ("loans", "loans"),
        ("100%", "100%"),
        ("%ff", "\ufffd"),
        ("%0d%0aEvent", "\r\nEvent"),
    ],
)
def test_what_the_operator_has_set_is_read_as_it_was_set(sent, said):
    assert wish(sent) == said
