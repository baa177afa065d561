// SPDX-License-Identifier: BSL-1.0
// arrow_counts.cpp - placeholder until the coverage check
