"""A Whisper network of a few weights, and sound that comes and goes like speech."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WORDS = tuple(" so| what| is| this| then| I| know| you| see| it| well.| no!| yes?| ah,| oh".split("|"))
_SPECIALS = (
    "<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
    "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip
_TIMES = 1501  # every 20 ms of 30 s


def save_whisper(folder: Path, seed: int = 3) -> Path:
    """A network of English as `load_whisper` takes it, converted from transformers; what it hears is nonsense.

    Its weights are drawn by chance, so the words are too, and some are no words but single bytes.
    """
    from ctranslate2.converters import TransformersConverter
    from transformers import PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration

    tokenizer = _tokenizer()
    end, start = (tokenizer.token_to_id(name) for name in _SPECIALS[:2])
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(), d_model=16, encoder_layers=1, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        decoder_start_token_id=start, bos_token_id=end, eos_token_id=end, pad_token_id=end,
    )  # fmt: skip
    network = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        for weights in network.model.decoder.parameters():
            weights.mul_(8)  # so that its choices are clear, the same on every machine
    network.generation_config.suppress_tokens = []
    network.generation_config.begin_suppress_tokens = []
    source = folder.with_name(f"{folder.name}-source")
    network.save_pretrained(source)
    names = dict.fromkeys(("eos_token", "bos_token", "unk_token"), "<|endoftext|>")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(source)
    (source / "preprocessor_config.json").write_text(json.dumps({"feature_size": 80, "chunk_length": 30}))
    TransformersConverter(str(source), copy_files=["tokenizer.json", "preprocessor_config.json"]).convert(str(folder))
    return folder


def _tokenizer() -> Tokenizer:
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *(word.replace(" ", "Ġ") for word in WORDS)]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in _SPECIALS])
    tokenizer.add_tokens([AddedToken(f"<|{i * 0.02:.2f}|>", special=False) for i in range(_TIMES)])
    return tokenizer


def babble(spans_ms: list[tuple[int, int]], duration_ms: int) -> np.ndarray:
    """(N,) float32 at 16 kHz: noise that comes and goes like syllables in the spans, and silence between them."""
    rng = np.random.default_rng(5)
    sound = np.zeros(duration_ms * 16, np.float32)
    for start_ms, end_ms in spans_ms:
        times_s = np.arange(start_ms * 16, end_ms * 16) / 16_000
        loudness = 0.3 * np.abs(np.sin(2 * np.pi * 2.5 * times_s)) + 0.2
        sound[start_ms * 16 : end_ms * 16] = loudness * rng.uniform(-1, 1, len(times_s))
    return sound
