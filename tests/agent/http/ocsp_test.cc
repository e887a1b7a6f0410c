// A staple made by "openssl ocsp" for a certificate that was revoked.
#include "agent/http/ocsp.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace lockstep::agent {
namespace {

constexpr char kRevoked[] =
    "MIIBEwoBAKCCAQwwggEIBgkrBgEFBQcwAQEEgfowgfcwgZ6hDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMjMwOTI0Mj"
    "laMHoweDA6MAkGBSsOAwIaBQAEFBEEjNIMs1kjB9AZ/QiJViti02SSBBRO12HMncNIcpBnxJttBP7tEKQ/OwIBEKEW"
    "GA8yMDI2MDEwMjAzMDQwNVqgAwoBARgPMjAyNjExMjMwOTI0MjlaoBEYDzIwMjYxMTMwMDkyNDI5WjAKBggqhkjOPQ"
    "QDAgNIADBFAiANdQhFd+xFPgA2jibfr/tcsHCldvN+MFXaw5O0aWy6IgIhAM/sh+nlu7o1Xp/6YVqDh7EYitS8JYvP"
    "ZKbPSkfYK7Tu";

TEST(OcspStaple, SaysWhatOpensslWrote) {
  std::string der;
  ASSERT_TRUE(absl::Base64Unescape(kRevoked, &der));
  const OcspStaple staple = ReadOcspStaple(der);
  EXPECT_EQ(staple.status, "revoked");
  EXPECT_EQ(staple.revocation_reason, "key_compromise");
  EXPECT_EQ(staple.produced_at, 1795425869);  // 2026-11-23T09:24:29Z
  EXPECT_EQ(staple.this_update, 1795425869);
  EXPECT_EQ(staple.next_update, 1796030669);  // a week later
  EXPECT_EQ(staple.revoked_at, 1767323045);   // 2026-01-02T03:04:05Z
}

TEST(OcspStaple, IsUnknownIfItCannotBeRead) {
  std::string der;
  ASSERT_TRUE(absl::Base64Unescape(kRevoked, &der));
  const std::string try_later("\x30\x03\x0a\x01\x03", 5);  // an OCSPResponse with status tryLater
  for (const std::string& bytes :
       {std::string(), der.substr(0, 100), std::string("text"), try_later}) {
    const OcspStaple staple = ReadOcspStaple(bytes);
    EXPECT_EQ(staple.status, "unknown");
    EXPECT_EQ(staple.revocation_reason, "");
    EXPECT_EQ(staple.this_update, 0);
  }
}

}  // namespace
}  // namespace lockstep::agent
