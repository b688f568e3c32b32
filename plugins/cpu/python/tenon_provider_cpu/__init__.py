# SPDX-License-Identifier: Apache-2.0
"""Execution provider of Tenon: fast on x86-64, variants for AVX2 and AVX-512. Tenon finds the manifest beneath this folder; nothing here is imported."""
