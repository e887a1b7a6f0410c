#include "common/result/significance.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace lockstep {
namespace {

using Counts = std::vector<std::pair<uint64_t, uint64_t>>;

double NormalTwoSided(double z) {
  return std::erfc(std::abs(z) / std::sqrt(2.0));
}

double LogFactorial(double n) {
  int sign = 0;
  return lgamma_r(n + 1, &sign);
}

double LogChoose(double n, double k) {
  return LogFactorial(n) - LogFactorial(k) - LogFactorial(n - k);
}

// Twice the sum of a tail that begins with probability exp(log_first) at `from`; `ratio(x)` is how
// much less likely x + 1 is than x, 0 at the end.
template <typename Ratio>
double TwiceTail(double log_first, double from, Ratio ratio) {
  constexpr double kNegligible = 1e-17;
  double sum = 1;  // in parts of the first
  double term = 1;
  for (double x = from; term > kNegligible * sum; ++x) {
    term *= ratio(x);
    sum += term;
  }
  return std::min(1.0, 2 * std::exp(log_first + std::log(sum)));
}

// In how many ways the values may be dealt out, by the pairs in which the new one is the larger,
// ties as halves: by twice their number. `ways[j][u]`: with j values for the base so far.
class Dealings {
 public:
  Dealings(uint64_t base, uint64_t fresh)
      : base_(base), fresh_(fresh), ways_(base + 1, std::vector<double>(2 * base * fresh + 1, 0)) {
    ways_[0][0] = 1;
  }

  // Equal values, which come after all that were dealt.
  void Deal(uint64_t equal) {
    std::vector<std::vector<double>> next(ways_.size(), std::vector<double>(ways_[0].size(), 0));
    for (uint64_t j = 0; j <= std::min(base_, dealt_); ++j) {
      for (uint64_t to_base = 0; to_base <= std::min(equal, base_ - j); ++to_base) {
        const uint64_t to_fresh = equal - to_base;
        if (dealt_ - j + to_fresh > fresh_) {
          continue;
        }
        const double choices = std::round(
            std::exp(LogChoose(static_cast<double>(equal), static_cast<double>(to_base))));
        const uint64_t more = to_fresh * (2 * j + to_base);
        for (uint64_t u = 0; u + more < next[0].size(); ++u) {
          next[j + to_base][u + more] += choices * ways_[j][u];
        }
      }
    }
    ways_ = std::move(next);
    dealt_ += equal;
  }

  // Once all are dealt.
  double PValue(uint64_t twice_u) const {
    const std::vector<double>& all = ways_[base_];
    const auto observed = all.begin() + static_cast<std::ptrdiff_t>(twice_u);
    const double below = std::accumulate(all.begin(), observed + 1, 0.0);
    const double above = std::accumulate(observed, all.end(), 0.0);
    return std::min(1.0, 2 * std::min(below, above) / std::accumulate(all.begin(), all.end(), 0.0));
  }

 private:
  const uint64_t base_;
  const uint64_t fresh_;
  uint64_t dealt_ = 0;
  std::vector<std::vector<double>> ways_;
};

double ExactPValue(const Counts& counts, uint64_t base, uint64_t fresh, uint64_t twice_u) {
  Dealings dealings(base, fresh);
  for (const auto& [base_count, fresh_count] : counts) {
    dealings.Deal(base_count + fresh_count);
  }
  return dealings.PValue(twice_u);
}

// Var U = nm/12 ((N+1) - sum(t^3 - t) / (N (N-1))), with the ties' correction for the variance.
double ApproximatePValue(const Counts& counts, double n, double m, double u) {
  const double all = n + m;
  double ties = 0;
  for (const auto& [base_count, fresh_count] : counts) {
    const auto tied = static_cast<double>(base_count + fresh_count);
    // As shares of N^3, which the counts of long runs would make too large to be exact.
    ties += (tied / all) * (tied / all) * (tied / all) - tied / all / all / all;
  }
  const double variance = n * m / 12 * ((all + 1) - (all > 1 ? ties * all * all / (all - 1) : 0));
  return variance > 0 ? NormalTwoSided((u - n * m / 2) / std::sqrt(variance)) : 1;
}

}  // namespace

Counts AlignedCounts(const Histogram& base, const Histogram& fresh) {
  std::map<int64_t, std::pair<uint64_t, uint64_t>> buckets;
  constexpr int64_t kApart = int64_t{1} << 32;  // positive above zero, negative below
  const auto add = [&buckets](const Histogram& histogram, auto side) {
    for (const auto& [index, count] : histogram.negative()) {
      side(buckets[-kApart - index]) += count;
    }
    for (const auto& [index, count] : histogram.positive()) {
      side(buckets[kApart + index]) += count;
    }
    side(buckets[0]) += histogram.zeros();
  };
  add(base, [](auto& pair) -> uint64_t& { return pair.first; });
  add(fresh, [](auto& pair) -> uint64_t& { return pair.second; });
  Counts counts;
  counts.reserve(buckets.size());
  for (const auto& [order, pair] : buckets) {
    counts.push_back(pair);
  }
  return counts;
}

MannWhitney MannWhitneyTest(const Histogram& base, const Histogram& fresh) {
  MannWhitney test;
  if (base.count() == 0 || fresh.count() == 0) {
    return test;
  }
  const Counts counts = AlignedCounts(base, fresh);
  const auto n = static_cast<double>(base.count());
  const auto m = static_cast<double>(fresh.count());
  double u = 0;  // pairs in which the new value is the larger one, ties as halves
  double base_below = 0;
  for (const auto& [base_count, fresh_count] : counts) {
    const auto here = static_cast<double>(base_count);
    u += static_cast<double>(fresh_count) * (base_below + here / 2);
    base_below += here;
  }
  test.superior = u / n / m;
  test.p_value = n * m <= static_cast<double>(kMostExactPairs)
                     ? ExactPValue(counts, base.count(), fresh.count(),
                                   static_cast<uint64_t>(std::llround(2 * u)))
                     : ApproximatePValue(counts, n, m, u);
  return test;
}

double TwoProportionsTest(uint64_t base_hits, uint64_t base_total, uint64_t fresh_hits,
                          uint64_t fresh_total) {
  auto x = static_cast<double>(base_hits);
  auto n = static_cast<double>(base_total);
  const double hits = x + static_cast<double>(fresh_hits);
  const double all = n + static_cast<double>(fresh_total);
  if (n == 0 || n == all) {
    return 1;
  }
  if (x < hits * n / all) {  // the side that has more than its part
    x = hits - x;
    n = all - n;
  }
  const double log_first = LogChoose(hits, x) + LogChoose(all - hits, n - x) - LogChoose(all, n);
  return TwiceTail(log_first, x, [=](double k) {
    return (hits - k) * (n - k) / ((k + 1) * (all - hits - n + k + 1));
  });
}

double TwoPoissonRatesTest(uint64_t base_events, double base_seconds, uint64_t fresh_events,
                           double fresh_seconds) {
  auto x = static_cast<double>(base_events);
  const double events = x + static_cast<double>(fresh_events);
  double share = base_seconds / (base_seconds + fresh_seconds);
  if (x < events * share) {  // the side that has more than its part
    x = events - x;
    share = 1 - share;
  }
  const double log_first =
      LogChoose(events, x) + x * std::log(share) + (events - x) * std::log1p(-share);
  return TwiceTail(log_first, x,
                   [=](double k) { return (events - k) / (k + 1) * share / (1 - share); });
}

std::vector<double> HolmCorrected(const std::vector<double>& p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&p_values](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> corrected(p_values.size());
  double least = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const double scaled = p_values[order[i]] * static_cast<double>(order.size() - i);
    least = std::min(1.0, std::max(least, scaled));
    corrected[order[i]] = least;
  }
  return corrected;
}

}  // namespace lockstep
