"""Prefix beam search, compiled.

Source: Graves et al. 2006, "Connectionist temporal classification", section 3.2, for the total probability of a prefix; Hannun et al.
2014, arXiv:1408.2873, algorithm 1, for the beam. Differs from the latter: no language model; an automaton says which prefixes are
walked; the last step keeps only texts that may end there; each step is scaled so that the best prefix has 1, against underflow.
"""

from typing import NamedTuple

import numpy as np

from synthgen.arrays import F64, I32, I64, Bools
from synthgen.compiled import kernel

NONE = -1  # no node, no place in the beam, no edge


class Automaton(NamedTuple):
    """Which texts are searched: those that lead from state 0 to a final state; no two edges of a state have the same label."""

    first: I32  # (states + 1,) edges of state s are first[s] to first[s + 1]
    label: I32  # (edges,) a class, 1 or more
    target: I32  # (edges,) the state it leads to
    final: Bools  # (states,)


class Tree(NamedTuple):
    """All prefixes that were ever in the beam, a node each; node 0 is the empty text. A prefix that comes back finds its old node."""

    parent: I32
    label: I32  # the prefix's last; 0 of node 0
    state: I32
    child: I32  # the newest, or NONE
    sibling: I32  # the next older child of the same parent, or NONE
    place: I32  # in the beam, or NONE


class Beam(NamedTuple):
    """The prefixes in the beam, best first, with the total probability of their paths that end in blank, and of those that do not."""

    node: I32
    blank: F64
    ink: F64


class Candidates(NamedTuple):
    """What may be in the next beam, best first; no more candidates where `value` is 0."""

    value: F64
    place: I32  # of the prefix it comes from
    edge: I32  # by which it grew, or NONE where it stays


class Room(NamedTuple):
    """Where a search works."""

    tree: Tree
    now: Beam
    after: Beam
    blank: F64  # of the prefixes of `now` after the step, if they do not grow
    ink: F64
    best: Candidates
    seen: I64  # (width, classes) number of the last step in which a prefix of `now`, grown by the label, was in `now` itself


@kernel
def _insert(best: Candidates, value: float, place: int, edge: int) -> None:
    """Put a candidate that is better than the last in its place, and drop the last."""
    at = best.value.size - 1
    while at > 0 and best.value[at - 1] < value:
        best.value[at], best.place[at], best.edge[at] = best.value[at - 1], best.place[at - 1], best.edge[at - 1]
        at -= 1
    best.value[at], best.place[at], best.edge[at] = value, place, edge


@kernel
def _stay(chance: F64, room: Room, used: int, step: int) -> None:
    """Fill `blank`, `ink` and `seen` of a step: a parent in the beam, grown by its child's label, is the child."""
    now, tree = room.now, room.tree
    for j in range(used):
        node = now.node[j]
        label, parent = tree.label[node], tree.parent[node]
        room.blank[j] = (now.blank[j] + now.ink[j]) * chance[0]
        room.ink[j] = now.ink[j] * chance[label]  # node 0 has no ink
        if node > 0 and tree.place[parent] != NONE:
            up = tree.place[parent]
            room.seen[up, label] = step
            doubled = label == tree.label[parent]  # then a blank has to stand between
            room.ink[j] += (now.blank[up] + (0.0 if doubled else now.ink[up])) * chance[label]


@kernel
def _gather(chance: F64, automaton: Automaton, passing: Bools, room: Room, used: int, step: int) -> None:
    """Fill `best` from all that the `used` prefixes may be after a step, in states that are `passing`."""
    tree, now, best = room.tree, room.now, room.best
    last = best.value.size - 1
    best.value[:] = 0
    for j in range(used):
        value = room.blank[j] + room.ink[j]
        if value > best.value[last] and passing[tree.state[now.node[j]]]:
            _insert(best, value, j, NONE)
    top = 0.0
    for label in range(1, chance.size):
        top = max(top, chance[label])
    for j in range(used):
        state, doubled = tree.state[now.node[j]], tree.label[now.node[j]]
        blank, total = now.blank[j], now.blank[j] + now.ink[j]
        if total * top <= best.value[last]:  # no label helps it into the beam
            continue
        for edge in range(automaton.first[state], automaton.first[state + 1]):
            label = automaton.label[edge]
            value = (blank if label == doubled else total) * chance[label]
            if value > best.value[last] and room.seen[j, label] != step and passing[automaton.target[edge]]:
                _insert(best, value, j, edge)


@kernel
def _child(tree: Tree, parent: int, label: int, state: int, free: int) -> int:
    """Return the node of `parent` grown by `label`; made as node `free` if there is none yet."""
    node = tree.child[parent]
    while node != NONE and tree.label[node] != label:
        node = tree.sibling[node]
    if node != NONE:
        return int(node)
    tree.parent[free], tree.label[free], tree.state[free] = parent, label, state
    tree.child[free], tree.sibling[free], tree.place[free] = NONE, tree.child[parent], NONE
    tree.child[parent] = free
    return free


@kernel
def _advance(automaton: Automaton, room: Room, used: int, free: int) -> int:
    """Make the best candidates the beam, scaled so that the first has 1, new nodes from `free` on; return how many they are."""
    tree, now, after, best = room.tree, room.now, room.after, room.best
    k = 0
    while k < best.value.size and best.value[k] > 0:
        j, edge = best.place[k], best.edge[k]
        after.node[k], after.blank[k], after.ink[k] = now.node[j], room.blank[j] / best.value[0], room.ink[j] / best.value[0]
        if edge != NONE:
            after.node[k] = _child(tree, now.node[j], automaton.label[edge], automaton.target[edge], free + k)
            after.blank[k], after.ink[k] = 0, best.value[k] / best.value[0]
        k += 1
    for j in range(used):
        tree.place[now.node[j]] = NONE
    for j in range(k):
        now.node[j], now.blank[j], now.ink[j] = after.node[j], after.blank[j], after.ink[j]
        tree.place[now.node[j]] = j
    return k


@kernel
def _plant(tree: Tree, now: Beam) -> None:
    """Empty the tree but for node 0, and make that the beam."""
    tree.parent[0], tree.label[0], tree.state[0], tree.child[0], tree.sibling[0], tree.place[0] = NONE, 0, 0, NONE, NONE, 0
    now.node[0], now.blank[0], now.ink[0] = 0, 1, 0


@kernel
def _write(tree: Tree, node: int, out: I32) -> int:
    """Write the labels of a prefix to the start of `out` and return how many they are."""
    size, up = 0, node
    while up > 0:
        size, up = size + 1, tree.parent[up]
    for k in range(size - 1, -1, -1):
        out[k], node = tree.label[node], tree.parent[node]
    return size


@kernel
def _search(chances: F64, automaton: Automaton, everywhere: Bools, room: Room, labels: I32, sizes: I32, logs: F64) -> None:
    samples, steps, _ = chances.shape
    for i in range(samples):
        _plant(room.tree, room.now)
        used = min(1, room.now.node.size)  # a plain 1 is a type of its own to the compiler, and would cost a second of its time
        for t in range(steps):
            step = i * steps + t + 1
            passing = automaton.final if t == steps - 1 else everywhere  # else the beam may be full of texts that break off
            _stay(chances[i, t], room, used, step)
            _gather(chances[i, t], automaton, passing, room, used, step)
            logs[i] += np.log(room.best.value[0])  # of 0: -inf
            used = _advance(automaton, room, used, 1 + t * room.now.node.size)
        if used > 0:
            sizes[i] = _write(room.tree, room.now.node[0], labels[i])


def search(chances: F64, automaton: Automaton, width: int) -> tuple[I32, I32, F64]:
    """Return the most probable text of each sample among those the automaton lets pass, as far as `width` >= 1 prefixes at a time find it.

    `chances` (n, t, classes) are probabilities, class 0 the blank. Texts are labels `(n, t)` with their lengths `(n,)`, and the natural
    logarithms of their probabilities `(n,)`: -inf, and no labels, where nothing was found that the automaton lets pass.
    """
    samples, steps, classes = chances.shape
    labels, sizes, logs = np.zeros((samples, steps), np.int32), np.zeros(samples, np.int32), np.zeros(samples)
    rows, places, numbers = np.empty((6, 1 + steps * width), np.int32), np.empty((4, width), np.int32), np.empty((7, width))
    room = Room(
        tree=Tree(*rows),
        now=Beam(places[0], numbers[0], numbers[1]),
        after=Beam(places[1], numbers[2], numbers[3]),
        blank=numbers[4],
        ink=numbers[5],
        best=Candidates(numbers[6], places[2], places[3]),
        seen=np.zeros((width, classes), np.int64),
    )
    _search(chances, automaton, np.ones_like(automaton.final), room, labels, sizes, logs)
    return labels, sizes, logs
