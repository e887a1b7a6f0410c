// The arguments and results of the native functions behind WebCrypto. False: an exception is
// pending.
#pragma once

#include <cstdint>
#include <string>

#include <v8.h>

#include "absl/status/statusor.h"

#include "agent/data/crypto/digest.h"

namespace lockstep::agent {

bool CryptoBytesAt(const v8::FunctionCallbackInfo<v8::Value>& info, int index, std::string* bytes);
bool CryptoIntAt(const v8::FunctionCallbackInfo<v8::Value>& info, int index, int64_t* number);
bool CryptoHashAt(const v8::FunctionCallbackInfo<v8::Value>& info, int index, HashAlgorithm* hash);
// Returns an ArrayBuffer, or throws an Error with the status's message.
void ReturnBytes(const v8::FunctionCallbackInfo<v8::Value>& info,
                 const absl::StatusOr<std::string>& bytes);

}  // namespace lockstep::agent
