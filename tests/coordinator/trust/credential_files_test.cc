#include "coordinator/trust/credential_files.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace lockstep::coordinator {
namespace {

using testing::HasSubstr;

class CredentialFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/credentials-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    top_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  static unsigned Mode(const std::string& path) {
    struct stat facts = {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 0777;
  }
  std::string top_;
};

TEST_F(CredentialFiles, OnlyTheOwnerCanReadWhatIsWritten) {
  const std::string folder = top_ + "/certs";
  const mode_t before = umask(0);
  const absl::Status written = WriteCredential(folder, "ca", {"certificate", "key"});
  umask(before);
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_EQ(Mode(folder), 0700U);
  EXPECT_EQ(Mode(folder + "/ca.pem"), 0600U);
  EXPECT_EQ(Mode(folder + "/ca.key"), 0600U);
  const absl::StatusOr<Credential> read = ReadCredential(folder, "ca");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->certificate, "certificate");
  EXPECT_EQ(read->key, "key");
}

TEST_F(CredentialFiles, NeitherFileIsEverOverwritten) {
  ASSERT_TRUE(WriteCredential(top_, "ca", {"old", "old"}).ok());
  const absl::Status again = WriteCredential(top_, "ca", {"new", "new"});
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.message()), HasSubstr(top_ + "/ca.key"));
  EXPECT_EQ(ReadCredential(top_, "ca")->key, "old");

  std::ofstream(top_ + "/b.pem") << "old";
  EXPECT_EQ(WriteCredential(top_, "b", {"new", "new"}).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(std::filesystem::exists(top_ + "/b.key"));
}

TEST_F(CredentialFiles, AKeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(WriteCredential(top_, "ca", {"c", "k"}).ok());
  ASSERT_EQ(chmod((top_ + "/ca.key").c_str(), 0640), 0);
  const absl::Status status = ReadCredential(top_, "ca").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
}

TEST_F(CredentialFiles, AMissingOrHugeFileIsNamed) {
  EXPECT_THAT(std::string(ReadCredential(top_, "no").status().message()),
              HasSubstr(top_ + "/no.pem"));
  ASSERT_TRUE(WriteCredential(top_, "big", {std::string(64 * 1024 + 1, 'x'), "k"}).ok());
  EXPECT_THAT(std::string(ReadCredential(top_, "big").status().message()),
              HasSubstr("has more than 64 KiB"));
}

}  // namespace
}  // namespace lockstep::coordinator
