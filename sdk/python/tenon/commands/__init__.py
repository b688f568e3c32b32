# SPDX-License-Identifier: Apache-2.0
"""Commands that are programs of their own: ``tenon X`` runs ``tenon-X``, which lies beside it or on the PATH."""
