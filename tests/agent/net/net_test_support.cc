#include "tests/agent/net/net_test_support.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"

#include "common/base/check.h"

namespace lockstep::agent {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void AddAlternativeNames(X509* certificate, const std::string& name) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(
      nullptr, &context, NID_subject_alt_name, absl::StrCat("DNS:", name, ",IP:127.0.0.1").c_str());
  LOCKSTEP_CHECK(names != nullptr && X509_add_ext(certificate, names, -1) == 1);
  X509_EXTENSION_free(names);
}

}  // namespace

TestCertificate::TestCertificate(const std::string& name, bool alternatives, bool expired) {
  std::string folder = (std::filesystem::temp_directory_path() / "lockstep-cert-XXXXXX").string();
  LOCKSTEP_CHECK(mkdtemp(folder.data()) != nullptr);
  folder_ = folder;
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -3600 : 86400);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_set_pubkey(certificate, key);
  if (alternatives) {
    AddAlternativeNames(certificate, name);
  }
  LOCKSTEP_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  std::FILE* file = std::fopen(certificate_file().c_str(), "we");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_file().c_str(), "we");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TestCertificate::~TestCertificate() {
  std::filesystem::remove_all(folder_);
}

std::string TestCertificate::certificate() const {
  return ReadFile(certificate_file());
}
std::string TestCertificate::key() const {
  return ReadFile(key_file());
}

}  // namespace lockstep::agent
