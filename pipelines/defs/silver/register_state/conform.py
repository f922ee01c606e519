"""States of all registers, united."""

from pipelines.defs.silver.register_state.tables import RegisterState
from pipelines.frames.union import union_of_sources

register_state = union_of_sources(RegisterState)
