"""Face networks: the embedded one, and those of timm, open_clip and facenet-pytorch, behind one interface."""

from mmemo.student.backbones.backbone import Backbone, features_of
from mmemo.student.backbones.loading import load_backbone
from mmemo.student.backbones.preprocessing import Preprocessing

__all__ = ["Backbone", "Preprocessing", "features_of", "load_backbone"]
