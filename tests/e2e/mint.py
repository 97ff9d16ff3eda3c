"""Signs one token with each library and each key that stands on standard input; status 3 without them."""

import json
import sys
import time

try:
    import jwt
    from joserfc import jwk, jwt as joserfc_jwt
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

tokens = []
for asked in json.load(sys.stdin):
    algorithm, key = asked["algorithm"], asked["jwk"]
    now = int(time.time())
    claims = {"iss": asked["issuer"], "aud": ["lockstep"], "sub": "ann", "iat": now, "exp": now + 300}
    signer = jwt.PyJWK(key, algorithm=algorithm)
    token = jwt.encode(claims, signer.key, algorithm=algorithm, headers={"kid": key["kid"]})
    tokens.append({"library": "PyJWT", "algorithm": algorithm, "token": token})
    header = {"alg": algorithm, "kid": key["kid"], "typ": "JWT"}
    imported = jwk.import_key({name: value for name, value in key.items() if name != "kid"})
    token = joserfc_jwt.encode(header, claims, imported, algorithms=[algorithm])
    tokens.append({"library": "joserfc", "algorithm": algorithm, "token": token})
json.dump(tokens, sys.stdout)
