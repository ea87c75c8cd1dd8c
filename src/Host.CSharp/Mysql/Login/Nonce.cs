using System.Security.Cryptography;

namespace Serverless.Host.Mysql;

/// <summary>The random bytes that a greeting or an authentication switch carries.</summary>
public static class Nonce
{
    /// <summary>20 random bytes of 7 bits, without zero and `$`, as servers make them: clients treat the nonce as text.</summary>
    public static byte[] Create()
    {
        var nonce = RandomNumberGenerator.GetBytes(HandshakeV10.NonceLength);
        for (var i = 0; i < nonce.Length; i++)
        {
            nonce[i] &= 0x7f;
            if (nonce[i] is 0 or (byte)'$') nonce[i]++;
        }
        return nonce;
    }
}
