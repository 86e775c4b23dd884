"""Everything that is wrong, at once, with file, path, rule, and never with a secret."""

from types import UnionType
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec
import pytest

from cti.config import ConfigError, Secret, Settings, load
from cti.config.rules import Text
from cti.config.sources import MAX_BYTES
from tests.worlds.config.files import GOOD, problems, write

HOSTILE = [
    "a\r\nAction: Originate",
    "a\n",
    "\na",
    "a\0b",
    "${SHELL(id)}",
    "a\x1b[2J",
    "a\x85b",
    "a b;",
]

# File names and what the broker alone sees may hold blanks, `$` and `;`, but no control character.
NO_DIALPLAN = ("data_dir", "path", "file", "socket", "ca_path", "username", "password")


def text_fields(kind, path=()):
    """Every field that holds a text with a rule: path, annotation."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        base = get_args(hint)[0] if get_origin(hint) in (Annotated, UnionType) else hint
        at = (*path, name)
        if get_origin(base) is tuple:
            inner = get_args(base)[0]
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                yield from text_fields(inner, (*at, 0))
            else:
                yield at, True, inner
        elif isinstance(base, type) and issubclass(base, msgspec.Struct):
            yield from text_fields(base, at)
        elif base in (str, Secret):
            yield at, False, hint


def tree_with(path, value):
    """The smallest TOML value that has `value` at `path`."""
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    return value


ALL_TEXTS = list(text_fields(Settings))


def test_every_text_of_the_configuration_has_a_rule():
    for path, _, hint in ALL_TEXTS:
        assert any(isinstance(note, Text) for note in get_args(hint)), path
    assert len(ALL_TEXTS) > 25


@pytest.mark.parametrize("field", ALL_TEXTS, ids=lambda field: ".".join(map(str, field[0])))
def test_nothing_that_could_end_a_header_or_start_an_expression_gets_in(tmp_path, field):
    path, is_list, _hint = field
    for hostile in HOSTILE:
        if path[-1] not in NO_DIALPLAN or not hostile.isprintable():
            refused(tmp_path, path, hostile, is_list=is_list)


def refused(tmp_path, path, hostile, *, is_list):
    tree = tree_with(path, [hostile] if is_list else hostile)
    file = tmp_path / "cti.toml"
    file.write_bytes(_toml(tree))
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    dotted = ".".join(str(step) for step in path).replace(".0", "[0]") + ("[0]" if is_list else "")
    found = {problem.path: problem.rule for problem in caught.value.problems}
    assert dotted in found
    assert not set("\r\n\0\x1b\x85") & set(found[dotted])


def _toml(tree):
    """TOML that needs no writer: inline tables, JSON strings."""

    def said(value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {said(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(said(item) for item in value) + "]"
        return msgspec.json.encode(value).decode()

    return "\n".join(f"{key} = {said(value)}" for key, value in tree.items()).encode()


def test_all_problems_are_named_at_once(tmp_path):
    found = problems(
        write(
            tmp_path,
            """
            slice_s = 26
            bus.prot = 1
            [[asterisks]]
            name = "a 1"
            ami_port = "5038"
            [[agents]]
            id = 8001
            device = "a&b"
            skills = { english = 0, "x y" = 1 }
            [[queues]]
            id = "q"
            strategy = "longest"
            [[queues.overflows]]
            cause = "queueFull"
            to_queue = "nowhere"
            """,
        )
    )
    assert found == {
        "slice_s": "must be 1 to 25 seconds, not 26",
        "bus.prot": "unknown key; did you mean port?",
        "asterisks[0].name": "must be 1 to 64 of A-Z a-z 0-9 _ -, not 'a 1'",
        "asterisks[0].host": "must be given",
        "asterisks[0].secret": "must be given",
        "asterisks[0].ami_port": "must be a whole number, not '5038'",
        "agents[0].id": "must be a text in quotes, not 8001",
        "agents[0].device": "must be 1 to 40 of A-Z a-z 0-9 _ . -, not 'a&b'",
        "agents[0].skills.english": "must be 1 to 1000, not 0",
        "agents[0].skills.'x y'": "must be 1 to 64 of A-Z a-z 0-9 _ -, not 'x y'",
        "queues[0].strategy": (
            "must be one of longestIdle, leastOccupied, fewestCalls, bestSkill, leastFlexible, "
            "roundRobin, weighted, not 'longest'"
        ),
        "queues[0].overflows[0].to_queue": "no queue has the id 'nowhere'",
        "agi.secret": "must be given: the dialplan's tokens are made with it",
    }


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("nod", "node"), ("Node", "node"), ("data-dir", "data_dir"), ("asterisk", "asterisks"),
        ("log.levl", "level"), ("agi.secert", "secret"), ("bus.pasword_file", "password_file"),
        ("limits.ring_grace", "ring_grace_s"),
    ],
)  # fmt: skip
def test_an_unknown_key_comes_with_the_nearest_known_one(tmp_path, key, near):
    found = problems(write(tmp_path, f"{key} = 1"))
    assert f"did you mean {near}?" in next(iter(found.values()))


def test_an_unknown_key_that_is_near_to_none_comes_with_all_of_them(tmp_path):
    found = problems(write(tmp_path, "[log]\nzzzz = 1"))
    assert found == {"log.zzzz": "unknown key; known here: file, format, level"}


NETWORK = "must be a network such as 10.1.0.0/16 or one address such as 10.1.2.3/32"
FULL = "cause = 'queueFull'"
OUT = "to_extension = 'x'"
HUGE = f"slice_s = 0x{'f' * 5000}"


def test_an_id_in_two_files_is_an_error_that_names_both(tmp_path):
    path = write(tmp_path, GOOD, more='[[queues]]\nid = "loans"\n')
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    (problem,) = caught.value.problems
    assert problem.where == f"{path} and {tmp_path}/conf.d/more.toml"
    assert (problem.path, problem.rule) == ("queues[1].id", "'loans' is queues[0] already")


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("slice_s = true", "slice_s", "must be a whole number, not true"),
        ("slice_s = 5.0", "slice_s", "must be a whole number, not 5.0"),
        ("slice_s = [1]", "slice_s", "must be a whole number, not a list"),
        ("journal.sync_s = nan", "journal.sync_s", "must be a number, not nan"),
        ("journal.sync_s = inf", "journal.sync_s", "must be a number, not inf"),
        ("journal.sync_s = 0", "journal.sync_s", "must be 0.001 to 86400 seconds, not 0"),
        ("journal = 3", "journal", "must be a table"),
        ("asterisks = {}", "asterisks", "must be a list of tables, [[asterisks]], not a table"),
        ("agi.allowed = '10.0.0.1'", "agi.allowed", "must be a list, not '10.0.0.1'"),
        ("bus.enabled = 1", "bus.enabled", "must be true or false, not 1"),
        ("bus.enabled = 'yes'", "bus.enabled", "must be true or false, not 'yes'"),
        ("node = 2026-01-01", "node", "must be a text in quotes, not 2026-01-01"),
        ("log.level = 'x'", "log.level", "must be one of debug, info, warning, error, not 'x'"),
        ("agi.allowed = ['10.0.0.1/8']", "agi.allowed[0]", NETWORK + ", not '10.0.0.1/8'"),
        (HUGE, "slice_s", "must be 1 to 25 seconds, not a number of more than 64 bits"),
    ],
)  # fmt: skip
def test_a_wrong_type_or_value_is_named_with_its_rule(tmp_path, text, path, rule):
    assert problems(write(tmp_path, text)) == {path: rule}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("need = 'english >'", "need"),
        ("need = '(a'", "need"),
        ("steps = [{ after_s = 5, need = 'a &' }]", "steps[0].need"),
        ("steps = [{ after_s = 5, need = 'a' }, { after_s = 5, need = 'b' }]", "steps[1].after_s"),
        (f"overflows = [{{ {FULL} }}]", "overflows[0]"),
        (f"overflows = [{{ {FULL}, to_queue = 'q', to_extension = 'x' }}]", "overflows[0]"),
        (f"overflows = [{{ {FULL}, to_queue = 'q' }}]", "overflows[0].to_queue"),
        (f"overflows = [{{ {FULL}, {OUT} }}, {{ {FULL}, {OUT} }}]", "overflows[1].cause"),
    ],
)
def test_rules_between_the_fields_of_a_queue(tmp_path, text, path):
    found = problems(write(tmp_path, f"[[queues]]\nid = 'q'\n{text}"))
    assert list(found) == [f"queues[0].{path}"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("policies.busy = { gap_s = 0 }", "policies.busy.gap_s"),
        (f"control.socket = '/{'x' * 107}'", "control.socket"),
        ("agi.port = 9464", "metrics.port"),
    ],
)
def test_rules_between_the_fields_of_the_daemon(tmp_path, text, path):
    assert list(problems(write(tmp_path, text))) == [path]


def test_what_only_repeats_a_known_mistake_is_not_said(tmp_path):
    other = "[[queues]]\nid = 'q'\noverflows = [{ cause = 'queueFull', to_queue = 'x' }]\n"
    found = problems(write(tmp_path, "[[queues]]\nid = 'a b'\n" + other))
    assert list(found) == ["queues[0].id"]


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"node = ", "is not valid TOML: Invalid value (at end of document)"),
        (b"node = 'a'\nnode = 'b'", "is not valid TOML: Cannot overwrite a value (at"),
        (b"node = '\xb0\xa1'", "must be UTF-8; byte 8 is not"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "is not valid TOML"),
    ],
    ids=["half", "twice", "gbk", "deep", "long"],
)  # fmt: skip
def test_a_file_that_is_no_toml(tmp_path, raw, rule):
    path = tmp_path / "cti.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert caught.value.problems[0].rule.startswith(rule)
    assert caught.value.problems[0].where == str(path)


def test_a_file_that_is_not_there_or_too_large(tmp_path):
    assert problems(tmp_path / "x") == {"": "cannot be read: No such file or directory"}
    assert problems(tmp_path) == {"": "cannot be read: Is a directory"}
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert problems(path) == {"": "is larger than 32 MiB"}


@pytest.mark.parametrize(
    "text",
    [
        "[agi]\nsecret = 'hunter2'",
        "[agi]\nsecret = ['hunter2-hunter2-hunter2']",
        "[agi]\nsecrets = 'hunter2-hunter2-hunter2'",
        "[[asterisks]]\nname = 'a'\nhost = 'h'\nsecret = 'hunter2\\nX: y'",
    ],
)
def test_no_message_shows_a_secret(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {})
    assert "hunter2" not in str(caught.value)


def test_odd_keys_are_quoted_and_cut(tmp_path):
    text = '"a\\nb\\u001b[2J" = 1\n"' + "k" * 100_000 + '" = 2'
    found = problems(write(tmp_path, text))
    assert "'a\\nb\\x1b[2J'" in found
    assert all(len(path) < 100 for path in found)


def test_variables_with_odd_names_are_quoted(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path), {"CTI_X\x1b[2J": "1", "CTI_": "2", "CTI___A": "3"})
    assert "\x1b" not in str(caught.value)
