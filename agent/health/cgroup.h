// The limits that control groups, of either version, put on this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "agent/health/kernel_file.h"

namespace lockstep::agent {

class CpuCgroup {
 public:
  // Reads /proc/self/cgroup, and /sys/fs/cgroup for the groups from its own up to the root; both
  // below `root`, which is a folder for tests. What cannot be read limits nothing.
  explicit CpuCgroup(const std::string& root = "");

  // The smallest limit, in processors; infinite: none.
  double cores() const;
  // How long its groups were held back by their limits so far; of several, the longest. Nothing:
  // the kernel does not tell.
  std::optional<absl::Duration> Throttled() const;

 private:
  struct Limit {
    KernelFile stat;
    double cores;
  };

  std::vector<Limit> limits_;
};

// The smallest limit on the memory of its groups, in bytes; nothing: there is none. `root` as
// above.
std::optional<uint64_t> MemoryLimit(const std::string& root = "");

}  // namespace lockstep::agent
