"""Write a merged model as one GGUF file, the format of llama.cpp and Ollama.

The file is written by ``gguf``, llama.cpp's own package (extra ``gguf``), with its names for
tensors. llama.cpp's converter is a script of its source tree and not installable, so what it
does for the architectures below stands here. Format: ggml-org/ggml, ``docs/gguf.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.errors import InputError, MissingExtraError
from workbench.export.gguf_tokens import Vocabulary, read_vocabulary
from workbench.export.stopping import stop_ids

ARCHITECTURES = {"LlamaForCausalLM": "llama", "Qwen2ForCausalLM": "qwen2", "Qwen3ForCausalLM": "qwen3"}
TYPES = {"f32": "F32", "f16": "F16", "bf16": "BF16", "q8_0": "Q8_0"}
FILE_TYPES = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}


def need_gguf() -> Any:
    """The package ``gguf``. Raises `MissingExtraError`."""
    try:
        import gguf
    except ImportError as error:
        raise MissingExtraError(
            "writing a GGUF file needs the package gguf", remedy="pip install 'finetune-workbench[gguf]'"
        ) from error
    return gguf


def check_architecture(config: Any) -> str:
    """llama.cpp's name of a model's architecture. Raises `InputError` for one not written here."""
    named = (getattr(config, "architectures", None) or ["unknown"])[0]
    if named not in ARCHITECTURES:
        raise InputError(
            f"a GGUF file of this architecture cannot be written: {named}",
            remedy=f"known: {', '.join(ARCHITECTURES)}; use llama.cpp's convert_hf_to_gguf.py on the merged model",
        )
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    sliding = getattr(config, "use_sliding_window", False)
    if rope != "default" or sliding or getattr(config, "mlp_bias", False):
        raise InputError(
            "a GGUF file of this model would lose a part of it",
            where="sliding window"
            if sliding
            else f"rope type {rope}"
            if rope != "default"
            else "biases of the MLP",
            remedy="use llama.cpp's convert_hf_to_gguf.py on the merged model",
        )
    return ARCHITECTURES[named]


def write_gguf(model: Any, tokenizer: Any, target: Path, dtype: str, name: str) -> None:
    """Write a float32 model with its tokenizer and chat template; ``dtype`` is a key of `TYPES`.

    Vectors stay float32, as llama.cpp's converter has them; matrices whose rows are no
    multiple of a quantisation block are float16. Raises `InputError` and `MissingExtraError`.
    """
    gguf = need_gguf()
    config = model.config
    architecture = check_architecture(config)
    vocabulary = read_vocabulary(tokenizer, int(config.vocab_size))
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(target), architecture)
    try:
        _add_settings(gguf, writer, config, dtype, name)
        _add_vocabulary(gguf, writer, vocabulary, tokenizer, model.generation_config)
        for tensor, values in _tensors(gguf, model, architecture):
            _add_tensor(gguf, writer, tensor, values, dtype)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _add_settings(gguf: Any, writer: Any, config: Any, dtype: str, name: str) -> None:
    heads = int(config.num_attention_heads)
    head = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    writer.add_type("model")
    writer.add_name(name)
    writer.add_file_type(getattr(gguf.LlamaFileType, FILE_TYPES[dtype]))
    if dtype == "q8_0":
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(int(config.vocab_size))
    writer.add_context_length(int(config.max_position_embeddings))
    writer.add_embedding_length(int(config.hidden_size))
    writer.add_block_count(int(config.num_hidden_layers))
    writer.add_feed_forward_length(int(config.intermediate_size))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(config.num_key_value_heads or heads))
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(config.rope_parameters["rope_theta"]))
    writer.add_layer_norm_rms_eps(float(config.rms_norm_eps))


def _add_vocabulary(gguf: Any, writer: Any, vocabulary: Vocabulary, tokenizer: Any, generation: Any) -> None:
    writer.add_tokenizer_model(vocabulary.model)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types([gguf.TokenType(kind) for kind in vocabulary.kinds])
    if vocabulary.merges is not None:
        writer.add_token_merges(vocabulary.merges)
    if vocabulary.scores is not None:
        writer.add_token_scores(vocabulary.scores)
        writer.add_add_space_prefix(vocabulary.add_space_prefix)
    writer.add_add_bos_token(vocabulary.add_bos)
    writer.add_add_eos_token(False)
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(int(tokenizer.bos_token_id))
    if tokenizer.unk_token_id is not None:
        writer.add_unk_token_id(int(tokenizer.unk_token_id))
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(int(tokenizer.pad_token_id))
    ends = stop_ids(tokenizer, generation)
    if ends:
        writer.add_eos_token_id(int(tokenizer.eos_token_id) if tokenizer.eos_token_id in ends else ends[0])
        # llama.cpp ends an answer at the end-of-turn token too.
        other = [token for token in ends if token != tokenizer.eos_token_id]
        writer.add_eot_token_id(other[0] if other else ends[0])
    writer.add_chat_template(str(tokenizer.chat_template))


def _tensors(gguf: Any, model: Any, architecture: str) -> Any:
    number = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == architecture)
    names = gguf.get_tensor_name_map(number, int(model.config.num_hidden_layers))
    tied = bool(model.config.tie_word_embeddings)
    for source, values in model.state_dict().items():
        if source.endswith("rotary_emb.inv_freq") or (tied and source == "lm_head.weight"):
            continue
        tensor = names.get_name(source, try_suffixes=(".weight", ".bias"))
        if tensor is None:
            raise InputError(
                "the model has a part that GGUF has no name for", where=source, remedy="export it merged"
            )
        array = values.detach().float().cpu().numpy()
        if architecture == "llama" and source.endswith(
            ("q_proj.weight", "k_proj.weight", "q_proj.bias", "k_proj.bias")
        ):
            heads = (
                model.config.num_attention_heads if "q_proj" in source else model.config.num_key_value_heads
            )
            array = interleaved(array, int(heads))
        yield tensor, array


def interleaved(values: Any, heads: int) -> Any:
    """Rows of a query or key matrix in the order of llama.cpp's rotary embedding.

    For Llama, llama.cpp turns neighbouring rows of a head against each other, as RoFormer (Su et
    al. 2021) does; Transformers turns the two halves of a head.
    """
    rows, *rest = values.shape
    return values.reshape(heads, 2, rows // heads // 2, *rest).swapaxes(1, 2).reshape(rows, *rest)


def _add_tensor(gguf: Any, writer: Any, name: str, values: Any, dtype: str) -> None:
    kind = getattr(gguf.GGMLQuantizationType, TYPES[dtype])
    block = gguf.GGML_QUANT_SIZES[kind][0]
    if values.ndim < 2:
        kind = gguf.GGMLQuantizationType.F32
    elif values.shape[-1] % block:
        kind = gguf.GGMLQuantizationType.F16
    writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
