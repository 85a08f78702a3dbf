"""Encoders by name: what turns lines, pictures and sound into vectors.

Text: `teacher` (the embedded one), `teacher:NAME`, `transformers:NAME`, `teacher+words` (a state a word), and the
recurrent `bilstm[:FILE]` and `gru[:FILE]` over word vectors. Pictures: `embedded`, `timm:NAME`, `open_clip:ARCH/TAG`,
`facenet:vggface2`, `torchvision:NAME`. Both: `clip:FOLDER`, a tower of an image-text network. Sound: `mel_summary`, `mel`. Maps, for models that have a trunk of their own:
`frames[:PX]` (pixels), `embedded+maps:8`, `:16` or `:32` (early layers, by stride), `mel_maps`. They are frozen unless
the name starts with `train:`; recurrent networks, `mel`, and trunks over maps are always trained.
"""

from mmemo.fusion.encoders.encoder import AUDIO, TEXT, Encoder, Reader
from mmemo.fusion.encoders.loading import default_spec, new_encoder, stored_encoder

__all__ = ["AUDIO", "TEXT", "Encoder", "Reader", "default_spec", "new_encoder", "stored_encoder"]
