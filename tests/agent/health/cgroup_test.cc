#include "agent/health/cgroup.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace lockstep::agent {
namespace {

class CgroupTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& content) { folder_.Write(path, content); }

  const lockstep::testing::TempFolder folder_;
  const std::string& root_ = folder_.path();
};

TEST_F(CgroupTest, AMachineWithoutGroupsLimitsNothing) {
  const CpuCgroup cgroup(root_);
  EXPECT_TRUE(std::isinf(cgroup.cores()));
  EXPECT_EQ(cgroup.Throttled(), std::nullopt);
}

TEST_F(CgroupTest, VersionTwoHasQuotaAndPeriodInOneFile) {
  Write("/proc/self/cgroup", "0::/job\n");
  Write("/sys/fs/cgroup/job/cpu.max", "20000 100000\n");
  Write("/sys/fs/cgroup/job/cpu.stat", "usage_usec 5\nnr_throttled 3\nthrottled_usec 1500000\n");
  const CpuCgroup cgroup(root_);
  EXPECT_DOUBLE_EQ(cgroup.cores(), 0.2);
  EXPECT_EQ(cgroup.Throttled(), absl::Milliseconds(1500));
}

TEST_F(CgroupTest, VersionOneHasAFileForEachAndCountsNanoseconds) {
  Write("/proc/self/cgroup", "3:cpu,cpuacct:/job\n1:memory:/other\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "150000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.stat", "nr_periods 9\nthrottled_time 2000000000\n");
  const CpuCgroup cgroup(root_);
  EXPECT_DOUBLE_EQ(cgroup.cores(), 1.5);
  EXPECT_EQ(cgroup.Throttled(), absl::Seconds(2));
}

TEST_F(CgroupTest, NoLimitIsWrittenAsMaxOrMinusOne) {
  Write("/proc/self/cgroup", "2:cpu:/a\n0::/b\n");
  Write("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/b/cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(CpuCgroup(root_).cores()));
}

TEST_F(CgroupTest, TheTightestOfTheGroupsAboveCounts) {
  Write("/proc/self/cgroup", "0::/a/b/c\n");
  Write("/sys/fs/cgroup/a/cpu.max", "50000 100000\n");
  Write("/sys/fs/cgroup/a/b/c/cpu.max", "200000 100000\n");
  EXPECT_DOUBLE_EQ(CpuCgroup(root_).cores(), 0.5);
}

TEST_F(CgroupTest, TheTightestMemoryLimitOfEitherVersionCounts) {
  EXPECT_FALSE(MemoryLimit(root_).has_value());
  Write("/proc/self/cgroup", "5:memory:/pod/one\n0::/job\n");
  Write("/sys/fs/cgroup/memory/pod/one/memory.limit_in_bytes", "9223372036854771712\n");  // none
  Write("/sys/fs/cgroup/job/memory.max", "max\n");
  EXPECT_FALSE(MemoryLimit(root_).has_value());
  Write("/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "2147483648\n");
  EXPECT_EQ(MemoryLimit(root_), 2147483648u);
  Write("/sys/fs/cgroup/job/memory.max", "1073741824\n");
  EXPECT_EQ(MemoryLimit(root_), 1073741824u);
}

TEST_F(CgroupTest, InAContainerTheMountsRootIsOnesOwnGroup) {
  Write("/proc/self/cgroup", "0::/docker/0123\n");  // the host's name for it
  Write("/sys/fs/cgroup/cpu.max", "25000 100000\n");
  EXPECT_DOUBLE_EQ(CpuCgroup(root_).cores(), 0.25);
}

}  // namespace
}  // namespace lockstep::agent
