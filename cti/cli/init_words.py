"""What `cti init` says, in English and Chinese. A question ends in the option that answers it."""

from typing import Final

from cti.cli.words import Language

_COMMANDS: Final = """
  asterisk -rx 'module reload manager'
  asterisk -rx 'dialplan reload'
  asterisk -rx 'pjsip reload'
  cti config check {config}
  ASTERISK_CHECK_SECRET=$(cat {secret}) cti asterisk check --config {config}
  systemctl start paidui"""

_EN: Final = {
    "ask_asterisk": "Folder of Asterisk's configuration, to look at  --asterisk DIR",
    "ask_copy": "Folder for the files that Asterisk includes  --copy-to DIR",
    "ask_config": "The router's configuration file  --config FILE",
    "not_told": (
        "cti: where to write is asked, never assumed; next: answer on a terminal, or give {what}"
    ),
    "found": "{folder}: phones found: {phones}",
    "none": "none",
    "manager_off": "  manager.conf: not enabled; next: set `enabled = yes` in [general]",
    "timestamps_off": "  manager.conf: next: set `timestampevents = yes` in [general]",
    "new": "new",
    "updated": "updated",
    "kept": "kept",
    "same": "unchanged",
    "unchanged": "Nothing to write: all is as it should be.",
    "ask_write": "Write these files?",
    "nothing": "Nothing was written.",
    "not_written": (
        "next: run it as a user who may write there, or choose folders with --copy-to and --config"
    ),
    "lines": "Add these lines to your own files (they stay yours):",
    "lines_there": "The three include lines are there.",
    "after_globals": "  (in extensions.conf: below your [globals] and its settings)",
    "then": f"Then:{_COMMANDS}    (or: cti serve --config {{config}})",
}

_ZH: Final = {
    "ask_asterisk": "要查看的 Asterisk 配置目录  --asterisk DIR",
    "ask_copy": "供 Asterisk 包含的文件写到哪个目录  --copy-to DIR",
    "ask_config": "路由器配置文件  --config FILE",
    "not_told": "cti: 写入位置须由您指定，不作假定；下一步：在终端回答，或给出 {what}",
    "found": "{folder}：找到的话机：{phones}",
    "none": "无",
    "manager_off": "  manager.conf：未启用；下一步：在 [general] 中设 `enabled = yes`",
    "timestamps_off": "  manager.conf：下一步：在 [general] 中设 `timestampevents = yes`",
    "new": "新建",
    "updated": "更新",
    "kept": "保留",
    "same": "不变",
    "unchanged": "无需写入：一切就绪。",
    "ask_write": "写入以上文件？",
    "nothing": "未写入任何文件。",
    "not_written": "下一步：换有权限的用户运行，或用 --copy-to 与 --config 另选目录",
    "lines": "请把下列行加到您自己的文件（文件仍归您维护）：",
    "lines_there": "三行包含语句均已存在。",
    "after_globals": "  （extensions.conf 中：放在您的 [globals] 及其设置之后）",
    "then": f"然后：{_COMMANDS}    （或：cti serve --config {{config}}）",
}

SAID: Final[dict[Language, dict[str, str]]] = {"en": _EN, "zh": _ZH}
