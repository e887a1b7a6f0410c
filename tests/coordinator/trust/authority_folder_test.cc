#include "coordinator/trust/authority_folder.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/trust/credentials.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kDay = absl::Hours(24);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class AuthorityFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "authority-" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
    std::filesystem::create_directory(root_);
    ASSERT_TRUE(InitAuthority(ca(), "fleet", 365 * kDay, kNow).ok());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string ca() const { return root_ + "/ca"; }
  std::string out(const std::string& name) const { return root_ + "/" + name; }
  absl::Status Make(Role role, const std::string& name) {
    return IssueInto(ca(), out(name),
                     {.role = role,
                      .name = name,
                      .hosts = role == Role::kCoordinator ? std::vector<std::string>{"127.0.0.1"}
                                                          : std::vector<std::string>{},
                      .lifetime = 30 * kDay},
                     kNow);
  }
  absl::Status Readable(Role role, const std::string& name) {
    return ReadCredentials(out(name), {}, role, kNow).status();
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat facts = {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 0777;
  }

  std::string root_;
};

TEST_F(AuthorityFolderTest, GivesEachRoleWhatItNeeds) {
  for (const Role role : {Role::kCoordinator, Role::kAgent, Role::kOperator}) {
    const std::string name(RoleName(role));
    EXPECT_TRUE(Make(role, name).ok());
    EXPECT_TRUE(Readable(role, name).ok()) << Readable(role, name);
  }
  EXPECT_FALSE(std::filesystem::exists(out("operator") + "/token"));
  EXPECT_EQ(ReadCredentials(out("agent"), {}, Role::kAgent, kNow)->token,
            ReadCredentials(out("coordinator"), {}, Role::kCoordinator, kNow)->token);
}

TEST_F(AuthorityFolderTest, KeepsSecretsForTheirOwnerWhateverTheUmask) {
  const mode_t before = umask(0);
  EXPECT_TRUE(Make(Role::kAgent, "a1").ok());
  umask(before);
  EXPECT_EQ(ModeOf(ca() + "/ca.key"), 0600u);
  EXPECT_EQ(ModeOf(ca() + "/token"), 0600u);
  EXPECT_EQ(ModeOf(out("a1")), 0700u);
  EXPECT_EQ(ModeOf(out("a1") + "/tls.key"), 0600u);
  EXPECT_EQ(ModeOf(out("a1") + "/token"), 0600u);
  EXPECT_EQ(ModeOf(out("a1") + "/tls.crt"), 0644u);
}

TEST_F(AuthorityFolderTest, OverwritesNothing) {
  EXPECT_THAT(std::string(InitAuthority(ca(), "fleet", 365 * kDay, kNow).message()),
              HasSubstr(ca() + "/ca.key: File exists"));
  ASSERT_TRUE(Make(Role::kAgent, "a1").ok());
  EXPECT_THAT(std::string(Make(Role::kAgent, "a1").message()),
              HasSubstr("issued/a1.crt: File exists"));
  std::filesystem::rename(out("a1"), out("a2"));
  EXPECT_THAT(std::string(Make(Role::kAgent, "a2").message()), HasSubstr("a2/ca.crt: File exists"));
  std::filesystem::rename(out("a2"), out("a1"));
  EXPECT_TRUE(Readable(Role::kAgent, "a1").ok());
}

TEST_F(AuthorityFolderTest, ABadRequestLeavesNothingBehind) {
  EXPECT_THAT(std::string(Make(Role::kAgent, "a 1").message()), HasSubstr("name: invalid value"));
  EXPECT_FALSE(std::filesystem::exists(out("a 1")));
}

TEST_F(AuthorityFolderTest, NamesTheFileThatLacks) {
  EXPECT_THAT(
      std::string(
          IssueInto(root_ + "/no", out("a1"), {.name = "a1", .lifetime = kDay}, kNow).message()),
      HasSubstr(root_ + "/no/ca.crt: No such file or directory"));
  EXPECT_THAT(std::string(RevokeIssued(ca(), "nobody", kNow).status().message()),
              HasSubstr("issued/nobody.crt: No such file or directory"));
}

// So that units and mounts which name the file find it from the beginning.
TEST_F(AuthorityFolderTest, EveryFolderHasAListOnWhichNobodyIs) {
  ASSERT_TRUE(Make(Role::kCoordinator, "c1").ok());
  ASSERT_TRUE(Make(Role::kAgent, "a1").ok());
  EXPECT_TRUE(std::filesystem::exists(out("c1") + "/revoked.crl"));
  EXPECT_TRUE(Readable(Role::kAgent, "a1").ok()) << Readable(Role::kAgent, "a1");
}

TEST_F(AuthorityFolderTest, RenewingKeepsNameRoleHostsAndLengthAndChangesTheKey) {
  ASSERT_TRUE(Make(Role::kCoordinator, "c1").ok());
  const Credentials before = ReadCredentials(out("c1"), {}, Role::kCoordinator, kNow).value();
  const absl::Time later = kNow + 20 * kDay;
  ASSERT_TRUE(RenewIssued(ca(), out("c1"), "c1", std::nullopt, later).ok());
  const absl::StatusOr<Credentials> after =
      ReadCredentials(out("c1"), {}, Role::kCoordinator, kNow + 49 * kDay);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_FALSE(ReadCredentials(out("c1"), {}, Role::kCoordinator, kNow + 51 * kDay).ok());
  EXPECT_EQ(after->self.name, "c1");
  EXPECT_NE(after->key, before.key);
  EXPECT_EQ(after->token, before.token);
  EXPECT_TRUE(CheckHost(after->certificate, "127.0.0.1").ok());
  EXPECT_EQ(ModeOf(out("c1") + "/tls.key"), 0600u);
  EXPECT_THAT(std::string(RenewIssued(ca(), out("x"), "x", std::nullopt, later).message()),
              HasSubstr("issued/x.crt: No such file or directory"));
}

TEST_F(AuthorityFolderTest, RevokingTakesBackFormerCertificatesToo) {
  ASSERT_TRUE(Make(Role::kAgent, "a1").ok());
  const std::string former = ReadCredentials(out("a1"), {}, Role::kAgent, kNow)->certificate;
  ASSERT_TRUE(RenewIssued(ca(), out("a1"), "a1", 10 * kDay, kNow).ok());
  const std::string present = ReadCredentials(out("a1"), {}, Role::kAgent, kNow)->certificate;
  const absl::StatusOr<std::string> list = RevokeIssued(ca(), "a1", kNow);
  ASSERT_TRUE(list.ok()) << list.status();
  const TrustAnchors anchors{.authority = ReadTrustFile(ca() + "/ca.crt", false).value(),
                             .revoked = ReadTrustFile(*list, false).value()};
  for (const std::string& certificate : {former, present}) {
    EXPECT_THAT(
        std::string(
            CheckCertificate(certificate, anchors, {Role::kAgent}, kNow).status().message()),
        HasSubstr("revoked"));
  }
}

TEST_F(AuthorityFolderTest, WhatIsRevokedIsNotRenewed) {
  ASSERT_TRUE(Make(Role::kAgent, "a1").ok());
  ASSERT_TRUE(RevokeIssued(ca(), "a1", kNow).ok());
  const std::string before = ReadTrustFile(out("a1") + "/tls.crt", false).value();
  const absl::Status renewed = RenewIssued(ca(), out("a1"), "a1", std::nullopt, kNow);
  EXPECT_TRUE(absl::IsFailedPrecondition(renewed));
  EXPECT_THAT(std::string(renewed.message()), HasSubstr("the certificate of a1 is revoked"));
  EXPECT_EQ(ReadTrustFile(out("a1") + "/tls.crt", false).value(), before);
}

TEST_F(AuthorityFolderTest, RevocationReachesNewFoldersAndThoseItIsCopiedTo) {
  ASSERT_TRUE(Make(Role::kAgent, "a1").ok());
  ASSERT_TRUE(Make(Role::kAgent, "a2").ok());
  const absl::StatusOr<std::string> list = RevokeIssued(ca(), "a1", kNow);
  ASSERT_TRUE(list.ok()) << list.status();
  using std::filesystem::copy_options;
  std::filesystem::copy(*list, out("a1") + "/revoked.crl", copy_options::overwrite_existing);
  std::filesystem::copy(*list, out("a2") + "/revoked.crl", copy_options::overwrite_existing);
  EXPECT_THAT(std::string(Readable(Role::kAgent, "a1").message()),
              HasSubstr("the certificate of 'a1': revoked"));
  EXPECT_TRUE(Readable(Role::kAgent, "a2").ok());
  ASSERT_TRUE(Make(Role::kAgent, "a3").ok());
  EXPECT_TRUE(std::filesystem::exists(out("a3") + "/revoked.crl"));
  ASSERT_TRUE(RevokeIssued(ca(), "a2", kNow).ok());  // a longer list takes the first one's place
  EXPECT_EQ(RevokeIssued(ca(), "a1", kNow).status().message(),
            "the certificate is revoked already");
}

}  // namespace
}  // namespace lockstep::coordinator
