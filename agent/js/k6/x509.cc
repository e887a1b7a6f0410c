#include "agent/js/k6/x509.h"

#include <string>
#include <vector>

#include "agent/data/crypto/certificate.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"

namespace lockstep::agent {
namespace {

// Bytes as an array of numbers.
v8::Local<v8::Array> NumbersOf(Context context, absl::string_view bytes) {
  return ArrayOf(context, bytes,
                 [context](char byte) { return ToJs(context, static_cast<unsigned char>(byte)); });
}

// Adds the parts' list, and those that both a subject and an issuer show by name.
v8::Local<v8::Object> NameOf(Context context, const DistinguishedName& name) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  SetProperty(context, object, "commonName", name.Last(kCommonName));
  SetProperty(context, object, "country", name.First(kCountry));
  SetProperty(context, object, "stateOrProvinceName", name.First(kState));
  SetProperty(context, object, "localityName", name.First(kLocality));
  SetProperty(context, object, "organizationName", name.First(kOrganization));
  const auto part_of = [context, isolate](const auto& part) {
    const v8::Local<v8::Object> shown = v8::Object::New(isolate);
    SetProperty(context, shown, "type", part.first);
    SetProperty(context, shown, "value", part.second);
    return shown;
  };
  SetProperty(context, object, "names", ArrayOf(context, name.parts, part_of));
  return object;
}

v8::Local<v8::Object> SubjectOf(Context context, const Certificate& certificate) {
  const DistinguishedName& name = certificate.subject;
  const v8::Local<v8::Object> object = NameOf(context, name);
  SetProperty(context, object, "postalCode", name.First(kPostalCode));
  SetProperty(context, object, "streetAddress", name.First(kStreet));
  SetProperty(context, object, "organizationalUnitName",
              ArrayOf(context, name.All(kOrganizationalUnit)));
  return object;
}

// A big-endian number as a BigInt.
v8::Local<v8::Value> BigIntOf(Context context, absl::string_view bytes) {
  std::vector<uint64_t> words((bytes.size() + 7) / 8);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint64_t byte = static_cast<unsigned char>(bytes[bytes.size() - 1 - i]);
    words[i / 8] |= byte << (8 * (i % 8));
  }
  v8::Local<v8::BigInt> number;
  if (!v8::BigInt::NewFromWords(context, 0, static_cast<int>(words.size()), words.data())
           .ToLocal(&number)) {
    return v8::Undefined(context->GetIsolate());
  }
  return number;
}

double NumberOf(absl::string_view bytes) {
  double number = 0;
  for (const char byte : bytes) {
    number = number * 256 + static_cast<unsigned char>(byte);
  }
  return number;
}

v8::Local<v8::Object> KeyOf(Context context, const CertificateKey& key) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> value = v8::Object::New(isolate);
  if (!key.curve.empty()) {
    SetProperty(context, value, "curve", key.curve);
  }
  for (const auto& [name, bytes] : key.numbers) {
    // A public exponent is small, and a plain number in k6.
    SetProperty(context, value, name,
                name == "e" ? v8::Local<v8::Value>(JsNumber(context, NumberOf(bytes)))
                            : BigIntOf(context, bytes));
  }
  if (key.numbers.empty()) {
    value = NumbersOf(context, key.raw);
  }
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  SetProperty(context, object, "algorithm", key.algorithm);
  SetProperty(context, object, "key", value);
  return object;
}

v8::Local<v8::Value> CertificateOf(Context context, const Certificate& certificate) {
  const v8::Local<v8::Object> object = v8::Object::New(context->GetIsolate());
  SetProperty(context, object, "subject", SubjectOf(context, certificate));
  SetProperty(context, object, "issuer", NameOf(context, certificate.issuer));
  SetProperty(context, object, "notBefore", certificate.not_before);
  SetProperty(context, object, "notAfter", certificate.not_after);
  SetProperty(context, object, "altNames", ArrayOf(context, certificate.alt_names));
  SetProperty(context, object, "signatureAlgorithm", certificate.signature_algorithm);
  SetProperty(context, object, "fingerPrint", NumbersOf(context, certificate.sha1));
  SetProperty(context, object, "publicKey", KeyOf(context, certificate.key));
  return object;
}

v8::Local<v8::Value> SubjectValue(Context context, const Certificate& certificate) {
  return SubjectOf(context, certificate);
}
v8::Local<v8::Value> IssuerValue(Context context, const Certificate& certificate) {
  return NameOf(context, certificate.issuer);
}
v8::Local<v8::Value> AltNamesValue(Context context, const Certificate& certificate) {
  return ArrayOf(context, certificate.alt_names);
}

template <v8::Local<v8::Value> (*show)(Context, const Certificate&)>
void Read(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  std::string pem;
  if (!BytesOrText(isolate, info[0], &pem)) {
    ThrowTypeError(isolate,
                   "a certificate in PEM is expected: a string, an ArrayBuffer or a view on one");
    return;
  }
  const absl::StatusOr<Certificate> certificate = ReadCertificate(pem);
  if (!certificate.ok()) {
    ThrowError(isolate, certificate.status().message());
    return;
  }
  info.GetReturnValue().Set(show(ContextOf(info), *certificate));
}

}  // namespace

v8::Local<v8::Object> MakeX509Module(Context context) {
  const v8::Local<v8::Object> exports = v8::Object::New(context->GetIsolate());
  SetFunction(context, exports, "parse", Read<&CertificateOf>);
  SetFunction(context, exports, "getAltNames", Read<&AltNamesValue>);
  SetFunction(context, exports, "getIssuer", Read<&IssuerValue>);
  SetFunction(context, exports, "getSubject", Read<&SubjectValue>);
  return exports;
}

}  // namespace lockstep::agent
