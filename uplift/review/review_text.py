"""A review as text for a terminal, as markdown for a comment, and as JSON for machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from uplift.review.acknowledgements import Judged
from uplift.review.finding import Finding, Impact, worst_of
from uplift.review.review import Review

MARKER = "<!-- uplift-review -->"
# GitHub takes comments of 65,536 characters; the summary above the details always fits.
MOST_CHARACTERS = 60_000
_MOST_LISTED = 3
_CLASSES = {
    Impact.DATA_LOSS: "The running application loses data. There is no way back but a snapshot.",
    Impact.OUTAGE: "Clients lose their connection or are refused, for the time given.",
    Impact.FAILS: "AWS refuses the deploy, and CloudFormation takes the stack's other changes back.",
    Impact.SECURITY: "More people or programs can do or read more.",
    Impact.PROTECTION: "A later mistake or failure costs more, or is noticed later.",
    Impact.BEHAVIOUR: "It goes on running, and does something else than before.",
    Impact.HARMLESS: "Nothing a client or operator would notice.",
}


def verdict(review: Review) -> str:
    """One sentence: what the worst is, and whether anything waits for somebody."""
    if not review.judged:
        return "No difference: a deploy changes nothing."
    waiting = len(review.unacknowledged)
    if waiting:
        worst = worst_of(one.finding.impact for one in review.unacknowledged)
        return f"{waiting} {'finding waits' if waiting == 1 else 'findings wait'} for an acknowledgement; the worst is {worst}."
    return f"Nothing waits for an acknowledgement; the worst is {review.worst}."


def as_lines(review: Review) -> list[str]:
    """The whole review as plain text, worst first."""
    lines = [f"{review.base} → {review.head}"]
    for impact in Impact:
        of_class = [one for one in review.judged if one.finding.impact is impact]
        if of_class:
            lines += ["", f"{impact.upper()}: {_CLASSES[impact]}"]
            lines += [line for one in of_class for line in _text(one)]
    return [*lines, "", verdict(review)]


def _text(judged: Judged) -> Iterator[str]:
    finding = judged.finding
    expected = f" [{finding.outage}]" if finding.outage is not None else ""
    yield f"  {finding.stack} / {finding.resource}: {finding.what}{expected}"
    if meaning := _meaning(finding):
        yield f"      {meaning}"
    if finding.action:
        yield f"      do: {finding.action}"
    if finding.follows:
        yield f"      covers what follows from it: {_listed(finding.follows)}"
    if judged.acknowledgement is not None:
        yield f"      acknowledged by {judged.acknowledgement.by} until {judged.acknowledgement.until}: {judged.acknowledgement.reason}"


def _meaning(finding: Finding) -> str:
    """With the values it holds for, where others are harmless."""
    return " ".join(part for part in (finding.meaning, f"This holds {finding.where}." if finding.where else "") if part)


def _listed(lines: tuple[str, ...]) -> str:
    """By what is said of them, a few resources each; `--json` has all."""
    said: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        resource, _, what = line.partition(": ")
        said[what].append(resource)
    return "; ".join(f"{what}: {_some(resources)}" for what, resources in said.items())


def _some(resources: list[str]) -> str:
    more = len(resources) - _MOST_LISTED
    return ", ".join(resources[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def as_markdown(review: Review) -> str:
    """One table, worst first, then what each finding means and what to do; cut where a comment would be too long."""
    head = [MARKER, "### What this change does to the Redis", "", f"**{verdict(review)}**", ""]
    if not review.judged:
        return "\n".join(head)
    above = [one for one in review.judged if one.finding.impact is not Impact.HARMLESS]
    harmless = [one for one in review.judged if one.finding.impact is Impact.HARMLESS]
    head += ["| | resource | what | expected | acknowledged |", "|---|---|---|---|---|"]
    head += [_row(one) for one in above]
    if harmless:
        head.append(f"| {Impact.HARMLESS} | {len(harmless)} {'change' if len(harmless) == 1 else 'changes'} | see below | | |")
    text = "\n".join(head)
    for block in [*map(_block, above), *_harmless_block(harmless)]:
        if len(text) + len(block) > MOST_CHARACTERS:
            return f"{text}\n\n(cut: the whole review is in the job's summary and its artifact)\n"
        text += block
    return f"{text}\n"


def _row(judged: Judged) -> str:
    finding, entry = judged.finding, judged.acknowledgement
    who = f"{_cell(entry.by)} until {entry.until}" if entry is not None else "no"
    where = f"{_cell(finding.stack)} / {_cell(finding.resource)}"
    return f"| **{finding.impact}** | {where} | {_cell(finding.what)} | {finding.outage or ''} | {who} |"


def _block(judged: Judged) -> str:
    finding, entry = judged.finding, judged.acknowledgement
    expected = f" ({finding.outage})" if finding.outage is not None else ""
    lines = ["", "", f"**{finding.impact}: {_cell(finding.resource)}: {_cell(finding.what)}**{expected}", ""]
    lines += [_cell(_meaning(finding))] if _meaning(finding) else []
    lines += ["", f"Covers what follows from it: {_cell(_listed(finding.follows))}"] if finding.follows else []
    lines += ["", f"What to do: {_cell(finding.action)}"] if finding.action else []
    lines += ["", f"Acknowledged by {_cell(entry.by)} until {entry.until}: {_cell(entry.reason)}"] if entry is not None else []
    return "\n".join(lines)


def _harmless_block(harmless: list[Judged]) -> list[str]:
    if not harmless:
        return []
    lines = ["", "", "<details><summary>harmless</summary>", ""]
    lines += [f"- {_cell(one.finding.stack)} / {_cell(one.finding.resource)}: {_cell(one.finding.what)}" for one in harmless]
    return ["\n".join([*lines, "", "</details>"])]


def _cell(text: str) -> str:
    """Text from a template, made harmless: a pull request of a stranger must not write links, mentions or HTML into our comment."""
    escaped = " ".join(text.split())
    for character in "\\`*_[]|~#":
        escaped = escaped.replace(character, f"\\{character}")
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b").replace("://", ":\u200b//")


def as_json(review: Review) -> dict[str, object]:
    """The whole review; `outage_seconds` is [least, most], most null until somebody mends it."""
    return {
        "schema": "uplift.review/1",
        "base": review.base,
        "head": review.head,
        "allowed": review.allowed.value,
        "worst": review.worst.value,
        "verdict": verdict(review),
        "unacknowledged": len(review.unacknowledged),
        "findings": [_finding_as_json(one) for one in review.judged],
    }


def _finding_as_json(judged: Judged) -> dict[str, object]:
    finding, entry = judged.finding, judged.acknowledgement
    return {
        "class": finding.impact.value,
        "stack": finding.stack,
        "resource": finding.resource,
        "type": finding.type,
        "what": finding.what,
        "meaning": finding.meaning,
        "action": finding.action,
        "outage_seconds": [finding.outage.least, finding.outage.most] if finding.outage is not None else None,
        "replaces": finding.replaces,
        "where": finding.where,
        "follows": list(finding.follows),
        "acknowledged": entry.model_dump(mode="json", by_alias=True, include={"reason", "by", "until"}) if entry is not None else None,
    }
