#include "coordinator/fetch/server_names.h"

#include <openssl/ssl.h>

#include "common/base/subject_names.h"

namespace lockstep::coordinator {

CURLcode RefuseCommonNames(CURL* /*easy*/, void* context, void* /*data*/) {
  SSL_CTX_set_verify(static_cast<SSL_CTX*>(context), SSL_VERIFY_PEER, &RefuseNameless);
  return CURLE_OK;
}

}  // namespace lockstep::coordinator
