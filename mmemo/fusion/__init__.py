"""Models that read a line, pictures and sound together.

How the parts fit: `datasets.PairedSet` holds aligned samples; an `Encoder` (fusion/encoders) has a reader, which turns
samples into arrays, and a network, which may be trained; `prepared.prepare` reads a set once into a `PreparedSet`,
which gives `Batch`es; a `FusionModel` answers a batch; `training.train` teaches it; `saving` keeps it in a folder;
`scoring` judges it.

How a model is added:

1. One module in fusion/models with a frozen dataclass of settings and a subclass of `FusionModel`: `name`, `Settings`,
   `__init__(encoders, task, settings)` that calls the base class, and `forward(batch) -> Answer`.
   `self.encoded(batch)` gives each modality as a `Signal`: `values` (B, T, D) and `mask` (B, T) of the steps that are
   there; a sample without the modality has no True in its row, and the model must answer all the same.
2. `loss(answer, batch)` where cross entropy is not enough; `Answer.vectors` carries what it needs.
3. `lessons()` where it is trained in several steps, `settle(validation)` where something is chosen on validation
   samples; `reads` where the answer looks at fewer modalities than the training.
4. One line in `models.MODELS`, and one row in the benchmark.

A model must train from a `PreparedSet` of any modalities, be saved and loaded by `saving` without code of its own, and
learn the made sets of tests/fusion.
"""
