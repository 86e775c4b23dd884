"""`cti user …` and `cti centre serve` as they are typed; a real server at the end."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from cti.cli.main import main


@pytest.fixture
def cti(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CENTRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*words):
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    assert run("centre", "migrate")[0] == 0
    return run


def test_people_from_the_first_administrator_on(cti):
    code, password, told = cti("user", "first-administrator", "9001", "--name", "王敏")
    assert (code, bool(re.fullmatch(r"(\w{4}-){3}\w{4}\n", password))) == (0, True)
    assert "shown once" in told
    assert cti("user", "first-administrator", "9002", "--name", "x")[0] == 1
    assert cti("user", "team", "loans", "--name", "贷款", "--unit", "retail")[0] == 0
    assert cti("user", "team", "loans", "--name", "贷款组", "--unit", "retail")[0] == 0
    add = ("--name", "李雷", "--team", "loans", "--role")
    assert cti("user", "add", "8001", *add, "agent")[0] == 0
    assert cti("user", "add", "8002", *add, "leader", "--scope", "team:loans")[0] == 0
    code, _, told = cti("user", "add", "8003", *add, "agent", "--scope", "everywhere")
    assert (code, "scope: must be all, self" in told) == (2, True)
    assert cti("user", "add", "8003", *add, "boss")[0] == 2
    assert cti("user", "show", "8003")[0] == 1  # nothing of it was done
    code, said, _ = cti("user", "grant", "8001", "auditor", "--scope", "all", "--reason", "审计")
    assert (code, "auditor" in said) == (0, True)
    code, _, told = cti("user", "grant", "8001", "security", "--scope", "all", "--reason", "x")
    assert (code, "must not hold both" in told) == (1, True)
    assert cti("user", "revoke", "8001", "auditor", "--scope", "all", "--reason", "x")[0] == 0
    code, said, _ = cti("user", "disable", "8002", "--reason", "离职", "--lang", "zh")
    assert (code, "停用" in said) == (0, True)
    _, said, _ = cti("user", "list", "--json")
    people = {each["agent_id"]: each["active"] for each in json.loads(said)}
    assert people == {"9001": True, "8001": True, "8002": False}
    for verb in ("enable", "password", "sign-out"):
        assert cti("user", verb, "8002", "--reason", "back")[0] == 0
    history = json.loads(cti("user", "show", "8002", "--json")[1])["history"]
    assert [(line["act"], line["reason"]) for line in history] == [
        ("created", ""), ("disabled", "离职"), ("enabled", "back"),
    ]  # fmt: skip
    assert {line["who"] for line in history} == {f"os:{__import__('getpass').getuser()}"}


def test_people_from_a_table(cti, tmp_path):
    cti("user", "team", "loans", "--name", "贷款")
    file = tmp_path / "people.csv"
    text = "工号,姓名,班组,用工单位\n8001,李雷,loans,\n8002,韩梅,loans,helpers\n80 03,,nowhere,\n"
    file.write_bytes(text.encode("gb18030"))
    code, said, told = cti("user", "import", str(file), "--dry-run")
    assert (code, said) == (1, "new 2, changed 0, same 0, wrong 3\n")
    assert [line.split(": ")[0] for line in told.splitlines()[:3]] == [f"{file}:4"] * 3
    assert "nothing was written" in cti("user", "import", str(file))[2]
    assert cti("user", "list", "--json")[1] == "[]\n"
    assert cti("user", "import", str(file), "--good-rows-only")[0] == 1
    file.write_text(text.replace("李雷", "李蕾").rpartition("80 03")[0], encoding="utf-8")
    assert cti("user", "import", str(file))[:2] == (0, "new 0, changed 1, same 1, wrong 0\n")
    assert cti("user", "import", str(file))[1] == "new 0, changed 0, same 2, wrong 0\n"
    people = json.loads(cti("user", "list", "--json")[1])
    found = [(each["agent_id"], each["name"], each["employer"]) for each in people]
    assert found == [("8001", "李蕾", "own"), ("8002", "韩梅", "helpers")]
    history = json.loads(cti("user", "show", "8001", "--json")[1])["history"]
    assert [(line["act"], line["reason"]) for line in history] == [
        ("created", "import"), ("changed", "import"),
    ]  # fmt: skip


def ask(port, path, token="", **body):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_server_and_the_command_beside_it(cti, tmp_path):
    password = cti("user", "first-administrator", "9001", "--name", "王敏")[1].strip()
    environment = {**os.environ, "CENTRE_WEB__PORT": "0", "CENTRE_LOG__FORMAT": "json"}
    command = (sys.executable, "-m", "cti", "centre", "serve")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as server:
        line = json.loads(server.stderr.readline())
        port = line["port"]
        sign = {"agent_id": "9001", "password": password}
        status, me = ask(port, "/v1/sign-in", **sign)
        assert (status, me["must_change"]) == (200, True)
        assert ask(port, "/v1/me", me["token"])[0] == 200
        assert ask(port, "/v1/sign-in", **sign)[0] == 409
        assert cti("user", "sign-out", "9001", "--reason", "test")[0] == 0
        assert ask(port, "/v1/me", me["token"])[0] == 401
        server.send_signal(signal.SIGTERM)
        said = server.stderr.read().decode()
        assert server.wait() == 0
    assert password not in said
    assert "in the clear" in said


def test_a_server_without_its_tables_says_the_next_step(cti):
    assert cti("centre", "migrate", "--to", "0000", "--yes")[0] == 0
    code, _, told = cti("centre", "serve")
    assert (code, "next: cti centre migrate" in told) == (1, True)
