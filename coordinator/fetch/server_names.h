// The names in servers' certificates.
#pragma once

#include <curl/curl.h>

namespace lockstep::coordinator {

// For CURLOPT_SSL_CTX_FUNCTION: a certificate without alternative names is refused
// (RefuseNameless), where curl makes do with a common name.
CURLcode RefuseCommonNames(CURL* easy, void* context, void* data);

}  // namespace lockstep::coordinator
