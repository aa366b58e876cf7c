"""A file as a tree of its elements, each of which says how long it is; and the lies that such a tree can tell."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

DEEPEST = 3000
"""How many times an element is put into another of its kind."""
DEPTH_READ = 12
"""How deep a tree is read; what lies deeper, as no real file has it, is content."""
MOST_COPIES = 200
LARGEST_FILE = 4_000_000
"""Bytes; what is longer is cut off."""


@dataclass
class Node:
    """One element.

    Attributes:
        tag: what it is called: the type of a box, the identifier of an EBML element.
        body: its content, where it has no children.
        children: None where the content is no elements.
        claimed: the length that it states, where that is not the true one.
        nested: how many times it lies in one of its own kind that holds nothing else.
    """

    tag: bytes
    body: bytes = b""
    children: list[Node] | None = None
    claimed: int | None = None
    nested: int = 0

    def copy(self) -> Node:
        """Another one of the same."""
        children = None if self.children is None else [child.copy() for child in self.children]
        return replace(self, children=children)


@dataclass(frozen=True)
class Field:
    """A number in the body of an element.

    Attributes:
        offset: where it begins.
        size: bytes.
        step: it is repeated in this distance to the end of the body; 0 for one number.
    """

    offset: int
    size: int
    step: int = 0


@dataclass(frozen=True)
class Format:
    """How a kind of container is read and written.

    Attributes:
        parse: bytes into the elements on top.
        head: what stands before the content of an element, by its tag and the length of the content.
        fields: the numbers by the tag of their element.
        order: of the bytes of a number.
        alignment: bytes; shorter contents are filled up.
    """

    parse: Callable[[bytes, int], list[Node]]
    head: Callable[[bytes, int], bytes]
    fields: Mapping[bytes, Sequence[Field]]
    order: Literal["big", "little"] = "big"
    alignment: int = 1

    def render(self, nodes: Sequence[Node]) -> bytes:
        """Writes elements."""
        return b"".join(self._render(node) for node in nodes)

    def _render(self, node: Node) -> bytes:
        body = node.body if node.children is None else self.render(node.children)
        heads: list[bytes] = []
        length = len(body)
        for _ in range(node.nested + 1):
            heads.append(self.head(node.tag, length))
            length += len(heads[-1])
        if node.claimed is not None:
            heads[-1] = self.head(node.tag, node.claimed)
        return b"".join(reversed(heads)) + body + bytes(-len(body) % self.alignment)


def mutate_tree(data: bytes, form: Format, chance: random.Random) -> bytes:
    """Changes one thing in the structure of a file."""
    roots = form.parse(data, DEPTH_READ)
    places = list(_places(roots))
    if not places:
        return data
    # Numbers more often than all else: most of what readers believe is one.
    kinds = [_resize, _duplicate, _remove, _swap, _nest, _wrap, _rename, _cut_body, *[_renumber] * 6]
    chance.choice(kinds)(places, form, chance)
    return form.render(roots)[:LARGEST_FILE]


Place = tuple[list[Node], int]
"""A list of elements and an index into it."""


def _places(nodes: list[Node]) -> Iterator[Place]:
    for index, node in enumerate(nodes):
        yield nodes, index
        if node.children is not None:
            yield from _places(node.children)


def _resize(places: list[Place], _: Format, chance: random.Random) -> None:
    siblings, index = chance.choice(places)
    node = siblings[index]
    length = len(node.body)
    near = max(0, length + chance.randint(-20, 20))
    node.claimed = chance.choice([0, 1, near, length * 2, 2**31 - 1, 2**32 - 1, 2**33, 2**63 - 1])


def _duplicate(places: list[Place], _: Format, chance: random.Random) -> None:
    siblings, index = chance.choice(places)
    copies = chance.choice([1, 1, 2, 10, MOST_COPIES])
    siblings[index:index] = [siblings[index].copy() for _ in range(copies)]


def _remove(places: list[Place], _: Format, chance: random.Random) -> None:
    siblings, index = chance.choice(places)
    del siblings[index]


def _swap(places: list[Place], _: Format, chance: random.Random) -> None:
    """Two elements take each other's place, wherever they are: one may get into itself, as a copy."""
    (one, i), (other, j) = chance.choice(places), chance.choice(places)
    one[i], other[j] = other[j].copy(), one[i].copy()


def _nest(places: list[Place], _: Format, chance: random.Random) -> None:
    """An element gets into one of its kind, which gets into one of its kind, ..."""
    siblings, index = chance.choice(places)
    siblings[index].nested = chance.choice([1, 2, 30, DEEPEST])


def _wrap(places: list[Place], _: Format, chance: random.Random) -> None:
    """An element gets a copy of another one as its only content."""
    (siblings, index), (others, other) = chance.choice(places), chance.choice(places)
    siblings[index] = Node(siblings[index].tag, children=[others[other].copy()])


def _rename(places: list[Place], form: Format, chance: random.Random) -> None:
    siblings, index = chance.choice(places)
    siblings[index].tag = chance.choice([*form.fields])


def _cut_body(places: list[Place], _: Format, chance: random.Random) -> None:
    siblings, index = chance.choice(places)
    node = siblings[index]
    node.body = node.body[: chance.randint(0, len(node.body))]


def _renumber(places: list[Place], form: Format, chance: random.Random) -> None:
    """A number in an element becomes another: counts, times, sizes of frames, offsets."""
    known = [place for place in places if form.fields.get(place[0][place[1]].tag)]
    if not known:
        return
    # By the tag first, else the many blocks of a Matroska file would take every turn.
    tag = chance.choice(sorted({siblings[index].tag for siblings, index in known}))
    siblings, index = chance.choice([place for place in known if place[0][place[1]].tag == tag])
    node = siblings[index]
    for _ in range(chance.choice([1, 1, 1, 3])):
        one = chance.choice(form.fields[tag])
        count = (len(node.body) - one.offset - one.size) // one.step + 1 if one.step else 1
        offset = one.offset + (chance.randrange(count) * one.step if count > 0 else 0)
        node.body = put_number(node.body, offset, one.size, form.order, chance)


def put_number(
    body: bytes, offset: int, size: int, order: Literal["big", "little"], chance: random.Random
) -> bytes:
    """Puts an unusual number over one of a size (0: all that follows)."""
    size = size or len(body) - offset
    if offset + size > len(body) or size <= 0:
        return body
    old = int.from_bytes(body[offset : offset + size], order)
    largest = 256**size - 1
    near = [old + 1, old - 1, old * 2, old // 2]
    far = [0, 1, 2, 16_384, 65_535, largest // 2, largest // 2 + 1, largest]
    new = chance.choice([*near, *far, chance.randint(0, largest), chance.randint(0, 1000)])
    number = (new & largest).to_bytes(size, order)
    return body[:offset] + number + body[offset + size :]
