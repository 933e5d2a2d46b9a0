"""Digital volume correlation, per-particle correlation, strain and discontinuities."""

from operando.strain.correlate import correlate
from operando.strain.settings import CorrelationSettings

__all__ = ["CorrelationSettings", "correlate"]
