# SPDX-License-Identifier: Apache-2.0
"""Execution provider of Tenon: the definition of every operator, in every type. Tenon finds the manifest beneath this folder; nothing here is imported."""
