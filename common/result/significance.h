// Whether a difference between two samples may be chance: the tests behind a comparison of two
// runs. All p-values are two-sided, and exact where counts are small: an approximation by the
// normal distribution would call the noise of a short run a finding. Two-sided is twice the smaller
// tail (A. Agresti, Categorical Data Analysis, 2nd edition, 3.5.3), at most 1. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "common/metrics/histogram.h"

namespace lockstep {

struct MannWhitney {
  double p_value = 1;
  double superior = 0.5;  // P(new > base) + P(new = base) / 2
};
// On the buckets, ties corrected. With at most kMostExactPairs pairs of values, over all ways in
// which the values could have been dealt out to the two runs, ties as they are (E. L. Lehmann,
// Nonparametrics, 1.4); beyond that, by the normal approximation.
MannWhitney MannWhitneyTest(const Histogram& base, const Histogram& fresh);
inline constexpr uint64_t kMostExactPairs = 400;

// `base_hits` of `base_total` against `fresh_hits` of `fresh_total`: Fisher's exact test (R. A.
// Fisher, The Design of Experiments, 1935).
double TwoProportionsTest(uint64_t base_hits, uint64_t base_total, uint64_t fresh_hits,
                          uint64_t fresh_total);
// Of two Poisson processes. Given the number of all events, the base's part is binomial, with its
// share of the time (J. Przyborowski and H. Wilenski, Biometrika 31, 1940).
double TwoPoissonRatesTest(uint64_t base_events, double base_seconds, uint64_t fresh_events,
                           double fresh_seconds);

// Holm's correction of the p-values of tests that are made together, in the order of the input.
std::vector<double> HolmCorrected(const std::vector<double>& p_values);

// Counts of both sides in each bucket, in the order of the values; zeros are a bucket.
std::vector<std::pair<uint64_t, uint64_t>> AlignedCounts(const Histogram& base,
                                                         const Histogram& fresh);

}  // namespace lockstep
