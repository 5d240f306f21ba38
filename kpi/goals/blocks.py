"""Which weeks a bootstrap draws: whole blocks of consecutive weeks, so that what hangs together stays so."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from arch.bootstrap import IIDBootstrap


SHORTEST_BLOCK = 2


@lru_cache(maxsize=256)
def circular_blocks(count: int, block: int, draws: int, length: int, seed: int) -> np.ndarray:
    """Numbers of the weeks that each draw holds: (draws, length), from 0 to count - 1.

    A draw is made of blocks of consecutive weeks, the last followed by the first. The same arguments
    give the same numbers, so that a page says the same to everyone.
    """
    from arch.bootstrap import CircularBlockBootstrap

    rounds = -(-length // count)
    drawing = CircularBlockBootstrap(block, np.arange(count), seed=np.random.default_rng(seed))
    return _drawn(drawing, draws, rounds)[:, :length]


@lru_cache(maxsize=256)
def moving_blocks(count: int, block: int, draws: int, seed: int) -> np.ndarray:
    """The same with blocks that lie within the weeks, none running from the last to the first."""
    from arch.bootstrap import MovingBlockBootstrap

    drawing = MovingBlockBootstrap(block, np.arange(count), seed=np.random.default_rng(seed))
    return _drawn(drawing, draws, 1)


def block_of(weeks: np.ndarray) -> int:
    """The number of weeks that hang together, by Politis and White's rule: two to a quarter of them."""
    from arch.bootstrap import optimal_block_length

    longest = max(len(weeks) // 4, 1)
    if len(weeks) < 8 or np.ptp(weeks) == 0:
        return min(SHORTEST_BLOCK, longest)
    with np.errstate(divide="ignore", invalid="ignore"):  # of weeks that are all but the same
        length = float(optimal_block_length(weeks)["circular"].iloc[0])
    return min(max(SHORTEST_BLOCK, round(length) if np.isfinite(length) else 0), longest)


def _drawn(drawing: IIDBootstrap, draws: int, rounds: int) -> np.ndarray:
    numbers = [np.asarray(drawing.update_indices()) for _ in range(draws * rounds)]
    blocks = np.stack(numbers).reshape(draws, -1)
    blocks.setflags(write=False)
    return blocks
