// What is in certificates is tested in tests/agent/data/crypto.
#include <fstream>
#include <sstream>

#include "agent/js/bind/text.h"
#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class X509Module : public ModuleTest {
 protected:
  // Makes `pem` a global.
  void Use(const std::string& name) {
    std::ifstream file("tests/agent/data/crypto/data/certificates/" + name + ".pem");
    std::stringstream text;
    text << file.rdbuf();
    const v8::HandleScope scope(js_.isolate());
    const v8::Context::Scope in(js_.context());
    js_.SetGlobal("pem", JsText(js_.isolate(), text.str()));
  }
};

TEST_F(X509Module, ParsesACertificate) {
  Use("rsa");
  EXPECT_EQ(
      R"({"commonName":"excouncil.example","country":"ZZ","stateOrProvinceName":"Kopuncezis Krais",)"
      R"("localityName":"Ashtinok","organizationName":"Exemplar GmbH","names":[{"type":"2.5.4.6",)"
      R"("value":"ZZ"}],"postalCode":"99999","streetAddress":"221B Baker Street",)"
      R"("organizationalUnitName":["Exemplar Unit","Zweite Größe"]})",
      Run("const s = x509.parse(pem).subject; s.names.length = 1; return s"));
  EXPECT_EQ(
      R"(["commonName","country","stateOrProvinceName","localityName","organizationName","names"])",
      Run("return Object.keys(x509.parse(pem).issuer)"));
  EXPECT_EQ(
      R"(["2026-11-28T23:44:37Z","2036-11-25T23:44:37Z","SHA256-RSA","RSA",65537,"bigint","e1a8c861",2048])",
      Run(R"js(
    const c = x509.parse(pem);
    const { algorithm, key } = c.publicKey;
    return [c.notBefore, c.notAfter, c.signatureAlgorithm, algorithm, key.e, typeof key.n,
      key.n.toString(16).slice(0, 8), key.n.toString(2).length]
  )js"));
  EXPECT_EQ("[20,188,248,250]", Run(R"js(
    const { fingerPrint } = x509.parse(pem);
    return [fingerPrint.length, fingerPrint[0], fingerPrint[1], fingerPrint[19]]
  )js"));
}

TEST_F(X509Module, ReadsPartsFromTextsAndBytes) {
  Use("rsa");
  EXPECT_EQ(
      R"(["a.example","*.b.example","x@a.example","192.0.2.7","2001:db8::1","http://a.example/x"])",
      Run("return x509.getAltNames(pem)"));
  EXPECT_EQ(R"(["excouncil.example","excouncil.example"])",
            Run("return [x509.getIssuer(pem).commonName, x509.getSubject(pem).commonName]"));
  EXPECT_EQ("\"ZZ\"", Run(R"js(
    const bytes = Uint8Array.from(pem.replace(/[^\0-\x7f]/g, ''), (c) => c.charCodeAt(0));
    return x509.getSubject(bytes.buffer).country
  )js"));
}

TEST_F(X509Module, OtherKeys) {
  Use("ec");
  EXPECT_EQ(R"(["ECDSA","P-256",true,true])", Run(R"js(
    const { algorithm, key } = x509.parse(pem).publicKey;
    return [algorithm, key.curve,
      key.x === 0x26dab5b0a6f7193fa6d79474e4274844ecbf6d6d4aed0eb3f80afc6193f0d4a3n,
      key.y === 0xd60070efba19d6557b6133c1da944a7fb4603ef1ab0bee11ea5f282076978612n]
  )js"));
  Use("ed25519");
  EXPECT_EQ(R"(["Ed25519",32,5,"last"])", Run(R"js(
    const c = x509.parse(pem);
    return [c.publicKey.algorithm, c.publicKey.key.length, c.publicKey.key[0], c.subject.commonName]
  )js"));
}

TEST_F(X509Module, UserMistakes) {
  EXPECT_THAT(Run("x509.parse(5)"), HasSubstr("TypeError: a certificate in PEM is expected"));
  EXPECT_THAT(Run("x509.parse()"), HasSubstr("TypeError: a certificate in PEM is expected"));
  EXPECT_THAT(Run("x509.getSubject('x')"),
              HasSubstr("Error: failed to decode certificate PEM file"));
}

}  // namespace
}  // namespace lockstep::agent
