#include "common/trust/credentials.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/trust/authority.h"
#include "tests/common/trust/dates.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

const char kToken[] = "0123456789abcdef";

class CredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "credentials-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    Put(kAuthorityFile, ca_.certificate);
    Put(kCertificateFile, agent_.certificate);
    Put(kKeyFile, agent_.key);
    Put(kTokenFile, std::string(kToken) + "\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder_ + "/" + name) << text;
    chmod((folder_ + "/" + name).c_str(), mode);
  }
  std::string Error(Role role = Role::kAgent, absl::Time now = kNow) {
    return std::string(ReadCredentials(folder_, {}, role, now).status().message());
  }

  const Credential ca_ = MakeAuthority("fleet", 365 * kDay, kNow).value();
  const Credential agent_ = Issue(ca_, {.name = "a1", .lifetime = 30 * kDay}, kNow).value();
  std::string folder_;
};

TEST_F(CredentialsTest, AreReadFromAFolder) {
  const absl::StatusOr<Credentials> read = ReadCredentials(folder_, {}, Role::kAgent, kNow);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->token, kToken);
  EXPECT_EQ(read->key, agent_.key);
  EXPECT_EQ(read->self.name, "a1");
}

TEST_F(CredentialsTest, AreReadFromVariablesAlone) {
  const absl::StatusOr<Credentials> read =
      ReadCredentials("",
                      {{"LOCKSTEP_TLS_CA", ca_.certificate},
                       {"LOCKSTEP_TLS_CERT", agent_.certificate},
                       {"LOCKSTEP_TLS_KEY", agent_.key},
                       {"LOCKSTEP_TOKEN", kToken}},
                      Role::kAgent, kNow);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(
      ReadCredentials("", {{"LOCKSTEP_TOKEN", kToken}}, Role::kAgent, kNow).status().message(),
      "LOCKSTEP_TLS_CA: not set, and there is no folder of credentials\n"
      "LOCKSTEP_TLS_CERT: not set, and there is no folder of credentials\n"
      "LOCKSTEP_TLS_KEY: not set, and there is no folder of credentials");
}

TEST_F(CredentialsTest, AVariableGoesBeforeItsFile) {
  const absl::StatusOr<Credentials> read =
      ReadCredentials(folder_, {{"LOCKSTEP_TOKEN", "fedcba9876543210"}}, Role::kAgent, kNow);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->token, "fedcba9876543210");
}

TEST_F(CredentialsTest, AllFilesThatLackAreNamedAtOnce) {
  std::filesystem::remove(folder_ + "/" + kAuthorityFile);
  std::filesystem::remove(folder_ + "/" + kTokenFile);
  EXPECT_EQ(Error(), folder_ + "/ca.crt: No such file or directory\n" + folder_ +
                         "/token: No such file or directory");
}

TEST_F(CredentialsTest, AnOperatorNeedsNoToken) {
  const Credential op =
      Issue(ca_, {.role = Role::kOperator, .name = "eve", .lifetime = kDay}, kNow).value();
  Put(kCertificateFile, op.certificate);
  Put(kKeyFile, op.key);
  std::filesystem::remove(folder_ + "/" + kTokenFile);
  EXPECT_EQ(Error(Role::kOperator), "");
}

TEST_F(CredentialsTest, ThoseOfAnOperatorAreNotAnAgents) {
  const Credential op =
      Issue(ca_, {.role = Role::kOperator, .name = "eve", .lifetime = kDay}, kNow).value();
  Put(kCertificateFile, op.certificate);
  Put(kKeyFile, op.key);
  std::filesystem::remove(folder_ + "/" + kTokenFile);
  EXPECT_EQ(Error(), folder_ +
                         "/tls.crt: the certificate of 'eve': its organisational unit (OU) "
                         "is 'operator': expected agent");
}

TEST_F(CredentialsTest, MistakesInThemAreNamedWithTheirFiles) {
  Put(kKeyFile, ca_.key);
  Put(kTokenFile, "short");
  EXPECT_EQ(Error(Role::kAgent, kNow + 31 * kDay),
            folder_ + "/tls.crt: the certificate of 'a1': expired on 2027-02-14 08:00:00Z\n" +
                folder_ + "/tls.key: the key of another certificate\n" + folder_ +
                "/token: has 5 characters: expected 16 to 1024");
  EXPECT_THAT(Error(Role::kCoordinator), HasSubstr("is 'agent': expected coordinator"));
}

TEST_F(CredentialsTest, AFileThatIsBrokenIsNamedAndNotTheCertificateItWouldJudge) {
  Put(kRevokedFile, "garbage");
  EXPECT_EQ(Error(), folder_ + "/revoked.crl: the revocation list is not a PEM revocation list");
  Put(kAuthorityFile, "garbage");
  EXPECT_EQ(Error(), folder_ + "/ca.crt: the authority's certificate is not a PEM certificate");
}

TEST_F(CredentialsTest, ASecretThatEverybodyCanReadIsNone) {
  Put(kKeyFile, agent_.key, 0644);
  EXPECT_EQ(Error(),
            folder_ + "/tls.key: everybody can read this secret; take that away with chmod o=");
  Put(kKeyFile, agent_.key, 0440);  // as Kubernetes mounts it for a group
  EXPECT_EQ(Error(), "");
}

TEST_F(CredentialsTest, AHugeFileIsNoCredential) {
  Put(kTokenFile, std::string(70'000, 'x'));
  EXPECT_EQ(Error(), folder_ + "/token: has more than 64 KiB");
}

}  // namespace
}  // namespace lockstep
