// Dealing out the elements 0..period-1 of a counted whole among segments: the rules behind
// Partition, which says what they mean. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace lockstep {

// `lengths` are >= 0, add up to `period`, and `period` is below 2^32. The result has the elements
// of each segment, in increasing order: as many as its length. O(period * log(segments)).
std::vector<std::vector<uint32_t>> DealStriped(const std::vector<int64_t>& lengths, int64_t period);
std::vector<std::vector<uint32_t>> DealFair(const std::vector<int64_t>& lengths, int64_t period);

}  // namespace lockstep
