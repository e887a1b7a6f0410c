#include "coordinator/app/private_folder.h"

#include <filesystem>
#include <string>

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::coordinator {
namespace {

namespace fs = std::filesystem;
using ::testing::StartsWith;

constexpr size_t kPlenty = 1000;

TEST(PrivateFolder, IsWhereTheEnvironmentSaysAndOfOneUserAlone) {
  const std::string folder = ::testing::TempDir() + "of_private_folders";
  fs::create_directories(folder);
  std::string path;
  {
    auto made = PrivateFolder::Make({{"TMPDIR", folder}, {"TMP", "/nonexistent"}}, kPlenty);
    ASSERT_TRUE(made.ok()) << made.status();
    path = (*made)->path();
    EXPECT_THAT(path, StartsWith(folder + "/lockstep-"));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_THAT((*PrivateFolder::Make({}, kPlenty))->path(), StartsWith("/tmp/lockstep-"));
  fs::remove_all(folder);
}

TEST(PrivateFolder, IsInAShortFolderWhereTheNameIsTooLong) {
  const std::string folder = ::testing::TempDir() + std::string(100, 'x');
  fs::create_directories(folder);
  auto made = PrivateFolder::Make({{"TMPDIR", folder}}, 95);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT((*made)->path(), StartsWith("/tmp/lockstep-"));
  EXPECT_LE((*made)->path().size(), 95u);
  fs::remove_all(folder);
}

TEST(PrivateFolder, SaysWhereItCannotBeAndWhoSaidSo) {
  EXPECT_EQ(
      PrivateFolder::Make({{"TMP", "/nonexistent"}}, kPlenty).status().message(),
      "TMP: cannot make a folder in \"/nonexistent\", for the agents of this machine: No such "
      "file or directory");
}

}  // namespace
}  // namespace lockstep::coordinator
