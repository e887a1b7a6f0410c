#include "agent/js/k6/x509.h"

#include <string>
#include <vector>

#include "agent/data/crypto/certificate.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

void SetText(Context context, v8::Local<v8::Object> object, absl::string_view name,
             absl::string_view text) {
  SetProperty(context, object, name, JsText(context->GetIsolate(), text));
}

v8::Local<v8::Array> TextsOf(Context context, const std::vector<std::string>& texts) {
  std::vector<v8::Local<v8::Value>> values;
  for (const std::string& text : texts) {
    values.push_back(JsText(context->GetIsolate(), text));
  }
  return v8::Array::New(context->GetIsolate(), values.data(), values.size());
}

// Bytes as an array of numbers.
v8::Local<v8::Array> NumbersOf(Context context, absl::string_view bytes) {
  std::vector<v8::Local<v8::Value>> values;
  for (const char byte : bytes) {
    values.push_back(v8::Integer::New(context->GetIsolate(), static_cast<unsigned char>(byte)));
  }
  return v8::Array::New(context->GetIsolate(), values.data(), values.size());
}

// Adds the parts' list, and those that both a subject and an issuer show by name.
v8::Local<v8::Object> NameOf(Context context, const DistinguishedName& name) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  SetText(context, object, "commonName", name.Last(kCommonName));
  SetText(context, object, "country", name.First(kCountry));
  SetText(context, object, "stateOrProvinceName", name.First(kState));
  SetText(context, object, "localityName", name.First(kLocality));
  SetText(context, object, "organizationName", name.First(kOrganization));
  std::vector<v8::Local<v8::Value>> parts;
  for (const auto& [oid, value] : name.parts) {
    const v8::Local<v8::Object> part = v8::Object::New(isolate);
    SetText(context, part, "type", oid);
    SetText(context, part, "value", value);
    parts.push_back(part);
  }
  SetProperty(context, object, "names", v8::Array::New(isolate, parts.data(), parts.size()));
  return object;
}

v8::Local<v8::Object> SubjectOf(Context context, const Certificate& certificate) {
  const DistinguishedName& name = certificate.subject;
  const v8::Local<v8::Object> object = NameOf(context, name);
  SetText(context, object, "postalCode", name.First(kPostalCode));
  SetText(context, object, "streetAddress", name.First(kStreet));
  SetProperty(context, object, "organizationalUnitName",
              TextsOf(context, name.All(kOrganizationalUnit)));
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
    SetText(context, value, "curve", key.curve);
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
  SetText(context, object, "algorithm", key.algorithm);
  SetProperty(context, object, "key", value);
  return object;
}

v8::Local<v8::Value> CertificateOf(Context context, const Certificate& certificate) {
  const v8::Local<v8::Object> object = v8::Object::New(context->GetIsolate());
  SetProperty(context, object, "subject", SubjectOf(context, certificate));
  SetProperty(context, object, "issuer", NameOf(context, certificate.issuer));
  SetText(context, object, "notBefore", certificate.not_before);
  SetText(context, object, "notAfter", certificate.not_after);
  SetProperty(context, object, "altNames", TextsOf(context, certificate.alt_names));
  SetText(context, object, "signatureAlgorithm", certificate.signature_algorithm);
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
  return TextsOf(context, certificate.alt_names);
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
