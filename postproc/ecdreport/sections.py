"""What the page says. Each section is a function that takes the Report and returns a Section, or None where
it has nothing to show."""
from .section_bench import bench_section
from .section_pictures import density_section, embedding_section, maps_section
from .section_reproduction import reproduction_section
from .section_runs import curves_section, metrics_section, parity_section
from .section_timing import timing_section

SECTIONS = (bench_section, metrics_section, parity_section, curves_section, embedding_section, maps_section,
            density_section, timing_section, reproduction_section)
