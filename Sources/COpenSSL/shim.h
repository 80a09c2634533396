#ifndef ANYCODE_COPENSSL_SHIM_H
#define ANYCODE_COPENSSL_SHIM_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#endif
