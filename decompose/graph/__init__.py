"""The graph of the whole project: modules, definitions, edges with evidence, and the facts of all detectors."""
