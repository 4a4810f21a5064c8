#!/usr/bin/env python3
"""Recomputes assignment.csv from docs/spec/assignment.md alone: python3 assignment.py assignment.csv"""

import csv
import json
import math
import struct
import sys

# XXH3 with seed 0, for inputs of at least 9 bytes (64 bits) and 17 bytes (128 bits): no key is shorter.

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
M = 2**64 - 1
P32 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
P64 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def word(data, at):
    return int.from_bytes(data[at : at + 8], "little")


def fold(a, b):
    return (a * b & M) ^ (a * b >> 64)


def avalanche(h):
    h = (h ^ h >> 37) * 0x165667919E3779F9 & M
    return h ^ h >> 32


def mix(data, at, secret):
    return fold(word(data, at) ^ word(SECRET, secret), word(data, at + 8) ^ word(SECRET, secret + 8))


def accumulators(data):
    acc = [P32[2], P64[0], P64[1], P64[2], P64[3], P32[1], P64[4], P32[0]]

    def stripe(at, secret):
        for i in range(8):
            value = word(data, at + 8 * i)
            key = value ^ word(SECRET, secret + 8 * i)
            acc[i ^ 1] = acc[i ^ 1] + value & M
            acc[i] = acc[i] + (key & 0xFFFFFFFF) * (key >> 32) & M

    stripes = (len(data) - 1) // 64
    for n in range(stripes):
        stripe(64 * n, 8 * (n % 16))
        if n % 16 == 15:
            for i in range(8):
                acc[i] = (acc[i] ^ acc[i] >> 47 ^ word(SECRET, 128 + 8 * i)) * P32[0] & M
    stripe(len(data) - 64, 121)
    return acc


def merged(acc, secret, start):
    pairs = (fold(acc[i] ^ word(SECRET, secret + 8 * i), acc[i + 1] ^ word(SECRET, secret + 8 * i + 8)) for i in (0, 2, 4, 6))
    return avalanche(start + sum(pairs) & M)


def xxh3_64(data):
    n = len(data)
    assert n >= 9
    if n <= 16:
        low = word(data, 0) ^ word(SECRET, 24) ^ word(SECRET, 32)
        high = word(data, n - 8) ^ word(SECRET, 40) ^ word(SECRET, 48)
        swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
        return avalanche(n + swapped + high + fold(low, high) & M)
    if n <= 128:
        acc = n * P64[0]
        for i in range((n - 1) // 32 + 1):
            acc += mix(data, 16 * i, 32 * i) + mix(data, n - 16 * (i + 1), 32 * i + 16)
        return avalanche(acc & M)
    if n <= 240:
        acc = avalanche(n * P64[0] + sum(mix(data, 16 * i, 16 * i) for i in range(8)) & M)
        acc += sum(mix(data, 16 * i, 16 * (i - 8) + 3) for i in range(8, n // 16))
        return avalanche(acc + mix(data, n - 16, 119) & M)
    return merged(accumulators(data), 11, n * P64[0])


def xxh3_128(data):
    n = len(data)
    assert n >= 17
    if n > 240:
        acc = accumulators(data)
        low, high = merged(acc, 11, n * P64[0]), merged(acc, 117, ~(n * P64[1]))
        return high << 64 | low

    low, high = n * P64[0] & M, 0

    def mix_two(a, b, secret):
        nonlocal low, high
        low = (low + mix(data, a, secret) & M) ^ (word(data, b) + word(data, b + 8) & M)
        high = (high + mix(data, b, secret + 16) & M) ^ (word(data, a) + word(data, a + 8) & M)

    if n <= 128:
        for i in reversed(range((n - 1) // 32 + 1)):
            mix_two(16 * i, n - 16 * (i + 1), 32 * i)
    else:
        for i in range(4):
            mix_two(32 * i, 32 * i + 16, 32 * i)
        low, high = avalanche(low), avalanche(high)
        for i in range(4, n // 32):
            mix_two(32 * i, 32 * i + 16, 3 + 32 * (i - 4))
        mix_two(n - 16, n - 32, 103)
    first = avalanche(low + high & M)
    second = -avalanche(low * P64[0] + high * P64[3] + n * P64[1] & M) & M
    return second << 64 | first


# Keys and draws.

CONDITION, ROLLOUT, HOLDOUT, NAMESPACE, POOL, ORDER, ROW, UNIT, BLOCK, REMAINDER = range(1, 11)


def key(kind, fields):
    out = b"rct\x01" + bytes([kind])
    for field in fields:
        field = struct.pack("<Q", field) if isinstance(field, int) else field.encode()
        out += struct.pack("<I", len(field)) + field
    return out


def draw(purpose, *fields):
    return xxh3_64(key(purpose, fields))


def below(number, n):
    return number * n >> 64


def bucket(salt, unit):
    return (draw(CONDITION, salt, unit) >> 11) / 2**53


def in_rollout(salt, unit, fraction):
    return draw(ROLLOUT, salt, unit) < math.floor(fraction * 2**64)


def in_range(name, unit, low, high):
    return low <= (draw(NAMESPACE, name, unit) >> 11) / 2**53 < high


def pool_index(user, keys):
    scores = [draw(POOL, k, user) for k in keys]
    return scores.index(max(scores))


# Weights.


def ratio(weights):
    """Whole numbers with the smallest sum, at most 100, that stand in the ratio of the weights."""
    shares = [w / max(weights) for w in weights]
    total = 0.0
    for share in shares:
        total += share
    for size in range(1, 101):
        exact = [share * size / total for share in shares]
        near = [math.floor(x + 0.5) for x in exact]
        if all(abs(x - n) <= 1e-9 and (n > 0) == (w > 0) for x, n, w in zip(exact, near, weights)):
            return near
    return None


def parts(weights):
    return ratio(weights) or [max(1, math.floor(w / max(weights) * 2**53)) if w > 0 else 0 for w in weights]


def choose(salt, unit, weights):
    whole = parts(weights)
    number = draw(CONDITION, salt, unit)
    for i in range(len(whole)):
        if number < 2**64 * sum(whole[: i + 1]) // sum(whole):
            return i


# Orders within a user.


def queue(order, salt, user, k):
    if order == "ordered":
        return list(range(k))
    if order == "random":
        return [below(draw(ORDER, salt, user, i, 0), k) for i in range(100)]
    if order == "random_round_robin":
        out = []
        for block in range(-(-100 // k)):
            left = list(range(k))
            out += [left.pop(below(draw(ORDER, salt, user, block, pick), len(left))) for pick in range(k)]
        return out
    row = below(draw(ROW, salt, user), k if k % 2 == 0 else 2 * k)
    cells = [((j + 1) // 2 if j % 2 else k - j // 2) for j in range(k)]
    cells = [(c + row) % k for c in cells]
    return cells if row < k else cells[::-1]


# Randomization.


def shares(whole, size, seed, stratum, first, conditions):
    """Largest remainder."""
    total = sum(whole)
    counts = [size * p // total for p in whole]
    order = sorted(
        range(len(whole)),
        key=lambda i: (size * whole[i] % total, draw(REMAINDER, seed, stratum, first, conditions[i]), -i),
        reverse=True,
    )
    for i in order[: size - sum(counts)]:
        counts[i] += 1
    return counts


def filled(counts, seed, stratum, first):
    items = [i for i, n in enumerate(counts) for _ in range(n)]
    for number, i in enumerate(range(len(items) - 1, 0, -1)):
        j = below(draw(BLOCK, seed, stratum, first, number), i + 1)
        items[i], items[j] = items[j], items[i]
    return items


def sequence(design, stratum, base):
    """All slots of a stratum that had `base` units, without end."""
    method, seed, conditions, weights = design
    weights = weights or [1.0] * len(conditions)
    whole = parts(weights)
    size = sum(whole) if ratio(weights) else None
    block, slot = 1, 0

    def part(counts):
        nonlocal slot
        for condition in filled(counts, seed, stratum, slot):
            slot += 1
            yield [block, slot, condition]

    def due(n):
        return shares(whole, n, seed, stratum, slot, conditions)

    if size and method != "complete":
        while slot + size <= base:
            yield from part(due(size))
            block += 1
        if slot < base:
            first = due(base - slot)
            rest = [a - b for a, b in zip(due(size), first)]
            yield from part(first)
            yield from part(rest)
            block += 1
    elif base > 0:
        yield from part(due(base))
        block += 1
    while True:
        yield from part(due(size or 100))
        block += 1


def next_slot(design, stratum, base, taken):
    for number, slot in enumerate(sequence(design, stratum, base)):
        if number == taken:
            return slot


def known(strata, units):
    return ["unknown" if s is None else s for s in strata or [None] * len(units)]


def randomize(design, units, strata):
    strata = known(strata, units)
    out = []
    for stratum in sorted(set(strata)):
        members = [u for u, s in zip(units, strata) if s == stratum]
        members.sort(key=lambda u: (draw(UNIT, design[1], u), u))
        out += [[u, stratum, *slot] for u, slot in zip(members, sequence(design, stratum, len(members)))]
    return out


def input_digest(design, units, strata):
    method, seed, conditions, weights = design
    fields = [method, seed, len(conditions)]
    for code, weight in zip(conditions, weights or [1.0] * len(conditions)):
        fields += [code, struct.unpack("<Q", struct.pack("<d", weight + 0.0))[0]]
    fields.append(len(units))
    for row in sorted(zip(units, known(strata, units))):
        fields += row
    return f"{xxh3_128(key(ord('i'), fields)):032x}"


def output_digest(design, units, strata):
    rows = sorted(randomize(design, units, strata))
    fields = [len(rows)]
    for unit, stratum, block, slot, condition in rows:
        fields += [unit, stratum, block, slot, design[2][condition]]
    return f"{xxh3_128(key(ord('o'), fields)):032x}"


FUNCTIONS = {
    "draw": lambda purpose, salt, unit: f"{draw(purpose, salt, unit):016x}",
    "bucket": bucket,
    "in_rollout": in_rollout,
    "in_range": in_range,
    "pool_index": pool_index,
    "parts": parts,
    "choose": choose,
    "queue": queue,
    "randomize": randomize,
    "next_slot": next_slot,
    "input_digest": input_digest,
    "output_digest": output_digest,
}


def main(path):
    wrong = 0
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        expected = json.loads(row["result"])
        got = FUNCTIONS[row["function"]](*json.loads(row["arguments"]))
        if got != expected:
            wrong += 1
            print(f"{row['function']}({row['arguments']}) is {got}, not {expected}")
    if wrong or not rows:
        sys.exit(f"{wrong} of {len(rows)} rows differ")
    print(f"{len(rows)} rows agree")


if __name__ == "__main__":
    main(sys.argv[1])
