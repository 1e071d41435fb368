"""A stage's work on several cores or machines by datatrove's executors, for `anxin.corpus.run.run(workers=...)`.

What is written is what one process writes: the unit of work is `run_shard` (or one source of the first stage), and it
writes whole files under names that do not depend on who does it or when. `docs/scale.md` says how to use it.
"""

from anxin.corpus.scale.local import Local
from anxin.corpus.scale.ray import Ray
from anxin.corpus.scale.slurm import Slurm, Submitted

__all__ = ["Local", "Ray", "Slurm", "Submitted"]
