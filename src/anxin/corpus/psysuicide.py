"""PsySUICIDE's labels (Qiu, Ma & Lan 2024, "PsyGUARD", EMNLP), read once for whoever trains or evaluates with them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PSYSUICIDE"]

PSYSUICIDE: Mapping[str, tuple[str, int | None]] = {
    "自杀未遂": ("attempt", 4),
    "自杀准备行为": ("preparation", 4),
    "自杀计划": ("plan", 4),
    "自伤行为": ("self_harm", 3),
    "主动自杀意图": ("active", 3),
    "被动自杀意图": ("passive", 2),
    "自伤意图": ("urge", 2),
    "与自杀/自伤/攻击行为无关": ("unrelated", 0),
    "关于自杀的探索": ("exploration", None),
    "用户攻击行为": ("aggression", None),
    "他人攻击行为": ("aggression_by_others", None),
}
"""The 11 labels as our kinds and nearest levels, in order of weight. The last three have no level of ours and are
counted apart: neither positives nor negatives."""
