"""Gemma 3 (text) in plain torch from a GGUF file: how likely each token of a text is behind another text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as nn
from gguf import GGUFReader, dequantize

BLOCK = 512
"""Tokens read at a time."""
ROWS = 64
"""Positions whose logits are held at a time."""
GLOBAL = 6
"""Every so many layers one looks at everything; the others look at a window."""
LOCAL_BASE = 10_000.0
"""Of the rotary positions in the layers with a window."""


class Gemma:
    """A model.

    Args:
        path: its GGUF file, with one key head.
        most: tokens of context and suffix together, at most.
        threads: of the processor.
    """

    def __init__(self, path: Path, most: int = 20_480, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        read = GGUFReader(path)
        field = {name: value.contents() for name, value in read.fields.items() if name.startswith('gemma3.')}
        self.most = most
        self._layers, self._heads = field['gemma3.block_count'], field['gemma3.attention.head_count']
        self._size, self._window = field['gemma3.attention.key_length'], field['gemma3.attention.sliding_window']
        self._epsilon = field['gemma3.attention.layer_norm_rms_epsilon']
        self._weights: dict[str, Any] = {}
        for tensor in read.tensors:
            shape = tuple(reversed(tensor.shape.tolist()))
            values = np.array(dequantize(tensor.data, tensor.tensor_type).reshape(shape), copy=True)
            weight = torch.from_numpy(values)
            self._weights[tensor.name.removesuffix('.weight')] = (
                weight.float() if weight.ndim == 1 else weight.bfloat16()
            )
        bases = {False: LOCAL_BASE, True: float(field['gemma3.rope.freq_base'])}
        self._ropes = {whole: self._rope(base) for whole, base in bases.items()}

    def score(self, context: list[int], suffixes: list[list[int]]) -> list[list[float]]:
        """Nats of every token of each suffix, each suffix read as what directly follows the context.

        Raises:
            ValueError: it does not fit.
        """
        total = len(context) + max(map(len, suffixes))
        if total > self.most:
            raise ValueError(f'{total} tokens, {self.most} at most')
        cache = [(self._empty(total), self._empty(total)) for _ in range(self._layers)]
        last: Any = None
        for at in range(0, len(context), BLOCK):
            last = self._forward(context[at : at + BLOCK], at, cache)[-1:]
        found = []
        for tokens in suffixes:
            follows = self._forward(tokens, len(context), cache)[:-1] if len(tokens) > 1 else last[:0]
            found.append(self._nats(torch.cat((last, follows)), tokens))
        return found

    def _empty(self, total: int) -> Any:
        return torch.zeros(total, self._size, dtype=torch.bfloat16)

    def _rope(self, base: float) -> tuple[Any, Any]:
        inverse = base ** (-torch.arange(0, self._size, 2, dtype=torch.float64) / self._size)
        angles = torch.outer(torch.arange(self.most, dtype=torch.float64), inverse)
        return angles.cos().float(), angles.sin().float()

    def _norm(self, x: Any, name: str) -> Any:
        x = x.float()
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self._epsilon) * self._weights[name]

    def _forward(self, tokens: list[int], start: int, cache: list[tuple[Any, Any]]) -> Any:
        """Hidden states of tokens at positions from `start` on; their keys and values go into the cache."""
        embedded = self._weights['token_embd'][torch.tensor(tokens)].float()
        x = embedded * embedded.shape[1] ** 0.5
        for layer in range(self._layers):
            x = x + self._norm(self._attended(x, layer, start, cache[layer]), f'blk.{layer}.post_attention_norm')
            h = self._norm(x, f'blk.{layer}.ffn_norm').bfloat16()
            gate = nn.gelu(self._linear(h, f'blk.{layer}.ffn_gate'), approximate='tanh')
            y = self._linear(gate * self._linear(h, f'blk.{layer}.ffn_up'), f'blk.{layer}.ffn_down')
            x = x + self._norm(y, f'blk.{layer}.post_ffw_norm')
        return x

    def _linear(self, x: Any, name: str) -> Any:
        return nn.linear(x, self._weights[name])

    def _attended(self, x: Any, layer: int, start: int, kept: tuple[Any, Any]) -> Any:
        number, name, whole = len(x), f'blk.{layer}.', (layer + 1) % GLOBAL == 0
        cos, sin = (table[start : start + number] for table in self._ropes[whole])
        h = self._norm(x, name + 'attn_norm').bfloat16()
        q = self._linear(h, name + 'attn_q').view(number, self._heads, self._size).transpose(0, 1)
        q = _turned(self._norm(q, name + 'attn_q_norm'), cos, sin).bfloat16()
        k = _turned(self._norm(self._linear(h, name + 'attn_k')[None], name + 'attn_k_norm'), cos, sin).bfloat16()[0]
        keys, values = kept
        keys[start : start + number], values[start : start + number] = k, self._linear(h, name + 'attn_v')
        low = 0 if whole else max(0, start - self._window + 1)
        keys, values = keys[low : start + number], values[low : start + number]
        at = torch.arange(start, start + number)[:, None]
        there = torch.arange(low, start + number)[None]
        mask = (there <= at) if whole else (there <= at) & (there > at - self._window)
        rows = number * self._heads
        scores = (q.transpose(0, 1).reshape(rows, self._size) @ keys.T).float().view(number, self._heads, -1)
        weights = (scores * self._size**-0.5).masked_fill_(~mask[:, None], float('-inf')).softmax(-1).bfloat16()
        y = (weights.view(rows, -1) @ values).view(number, self._heads * self._size)
        return self._linear(y, name + 'attn_output')

    def _nats(self, hidden: Any, targets: list[int]) -> list[float]:
        h = self._norm(hidden, 'output_norm').bfloat16()
        found: list[float] = []
        for at in range(0, len(targets), ROWS):
            logits = self._linear(h[at : at + ROWS], 'token_embd').float()
            found += nn.cross_entropy(logits, torch.tensor(targets[at : at + ROWS]), reduction='none').tolist()
        return found


def _turned(x: Any, cos: Any, sin: Any) -> Any:
    """Rotary positions, halves rotated; x is [heads, tokens, size]."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)
