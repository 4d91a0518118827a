"""Its presence puts this folder on the import path, so that tests of detectors can write small programs (``sources``)."""
